"""Who is told at once when people may no longer be written to.

Upper apps put their part in here when they get ready, since leads know nothing of campaigns.
"""

from collections.abc import Callable
from datetime import datetime

from leads.models import SuppressionReason

# Called with the ids of the leads, the reason, the time and the campaign it is about (None: all of them), in the
# transaction of the news.
WhenSuppressed = Callable[[list[int], SuppressionReason, datetime, int | None], object]
_acts: list[WhenSuppressed] = []


def when_suppressed(act: WhenSuppressed) -> None:
    """Have `act` called, in the same transaction, whenever people become suppressed."""
    if act not in _acts:
        _acts.append(act)


def tell(lead_ids: list[int], reason: SuppressionReason, at: datetime, campaign_id: int | None) -> None:
    """Call everybody who asked for it."""
    for act in _acts:
        act(lead_ids, reason, at, campaign_id)
