"""The way from the demo, or a fresh sandbox, to mails that really go out: one list for the page and for `doctor`."""

from campaigns_project.runtime.going_live.examination import SUBJECTS as SUBJECTS
from campaigns_project.runtime.going_live.examination import examine_going_live as examine_going_live
