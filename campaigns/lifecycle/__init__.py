"""The verbs of a campaign. Nothing else moves its state."""

from campaigns.lifecycle.begin import Overdue as Overdue
from campaigns.lifecycle.begin import check_start as check_start
from campaigns.lifecycle.begin import resume as resume
from campaigns.lifecycle.begin import start as start
from campaigns.lifecycle.duplicate import duplicate as duplicate
from campaigns.lifecycle.end import archive as archive
from campaigns.lifecycle.end import begin_stop as begin_stop
from campaigns.lifecycle.end import complete_finished as complete_finished
from campaigns.lifecycle.end import restore as restore
from campaigns.lifecycle.end import stop as stop
from campaigns.lifecycle.hold import may_still_go as may_still_go
from campaigns.lifecycle.hold import pause as pause
from campaigns.lifecycle.hold import pause_by_system as pause_by_system
from campaigns.lifecycle.hold import still_going as still_going
from campaigns.lifecycle.schedule import schedule as schedule
from campaigns.lifecycle.schedule import start_due as start_due
from campaigns.lifecycle.schedule import unschedule as unschedule
from campaigns.lifecycle.transitions import allowed_verbs as allowed_verbs
from campaigns.lifecycle.transitions import reread as reread
