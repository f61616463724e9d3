"""The verbs of a campaign as dialogs. The rules are in `campaigns.lifecycle`; here is what the operator reads."""

from campaigns.admin.verbs.begin import Check as Check
from campaigns.admin.verbs.begin import Schedule as Schedule
from campaigns.admin.verbs.begin import Start as Start
from campaigns.admin.verbs.begin import Unschedule as Unschedule
from campaigns.admin.verbs.put_away import Archive as Archive
from campaigns.admin.verbs.put_away import Duplicate as Duplicate
from campaigns.admin.verbs.put_away import Restore as Restore
from campaigns.admin.verbs.under_way import Pause as Pause
from campaigns.admin.verbs.under_way import Resume as Resume
from campaigns.admin.verbs.under_way import Stop as Stop
from campaigns.admin.verbs.verb import WithReason as WithReason
