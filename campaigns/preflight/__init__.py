"""What would go wrong, found before the first mail leaves. One engine behind admin, API and commands."""

from campaigns.preflight.advice import fetches_first as fetches_first
from campaigns.preflight.checking import check as check
from campaigns.preflight.jobs import broken_check as broken_check
from campaigns.preflight.jobs import open_check as open_check
from campaigns.preflight.jobs import queue_check as queue_check
from campaigns.preflight.problems import LEVELS as LEVELS
from campaigns.preflight.problems import Problem as Problem
from campaigns.preflight.problems import Report as Report
from campaigns.preflight.report import AT_ONCE as AT_ONCE
from campaigns.preflight.report import examine as examine
from campaigns.preflight.report import look as look
from campaigns.preflight.report import require_full as require_full
from campaigns.preflight.report import required as required
from campaigns.preflight.snapshot import snapshot as snapshot
from campaigns.preflight.snapshot import what_changed as what_changed
