"""A count as a page wants it: at once for a small campaign, as it was counted last for a large one."""

from dataclasses import dataclass
from datetime import datetime

from campaigns.models import Campaign, CampaignTally
from campaigns.tallies.kinds import Figures, count_of

SMALL = 20_000  # recipients whose rows are counted while a page is waited for: some 100 ms


@dataclass(frozen=True)
class Tally:
    """What was counted, and when that was."""

    figures: Figures
    counted_at: datetime


def tally(kind: str, campaign: Campaign, *, now: datetime) -> Tally:
    """The figures of this kind; those of a large campaign may be as old as `renew` lets them become.

    One query for a large campaign. Until it was counted for the first time whoever asks counts, however long it takes.
    """
    if campaign.total_recipients > SMALL:
        kept = CampaignTally.objects.filter(campaign=campaign, kind=kind).first()
        if kept and kept.figures is not None and kept.counted_at:
            return Tally(kept.figures, kept.counted_at)
    return Tally(count_of(kind)(campaign, now), now)
