"""Sweeps that take people out of campaigns who must not be in any more, and those whom somebody names.

News take people out in the moment they come (`campaigns.enrollment.stop`, `booking`). A sweep finds whomever they
missed: `judging` says who and since when, `asking` begins a run, `work` carries it out, `health` says how late it was.
"""

from campaigns.de_enrollment.asking import ask_for_run as ask_for_run
from campaigns.de_enrollment.asking import sweep_by_itself as sweep_by_itself
from campaigns.de_enrollment.health import Health as Health
from campaigns.de_enrollment.health import health_of as health_of
from campaigns.de_enrollment.health import healths_of as healths_of
from campaigns.de_enrollment.judging import Scope as Scope
from campaigns.de_enrollment.judging import count_by_reason as count_by_reason
from campaigns.de_enrollment.old import remove_old_runs as remove_old_runs
from campaigns.de_enrollment.work import fail_run as fail_run
from campaigns.de_enrollment.work import work_on_run as work_on_run
