"""When mail may leave, and when a wait is over."""

from campaigns.scheduling.waits import due_after as due_after
from campaigns.scheduling.waits import waits_by_lead as waits_by_lead
from campaigns.scheduling.window import has_window as has_window
from campaigns.scheduling.window import leaves_at as leaves_at
from campaigns.scheduling.window import next_opening as next_opening
from campaigns.scheduling.window import zone_for as zone_for
