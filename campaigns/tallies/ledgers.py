"""The ledger of a campaign as a tally."""

from datetime import datetime

from campaigns.ledger import Ledger, ledger
from campaigns.models import Campaign
from campaigns.tallies.kinds import Figures
from campaigns.tallies.read import tally

KIND = "ledger"


def count(campaign: Campaign, _now: datetime) -> Figures:
    """The ledger as it is this moment."""
    return ledger(campaign).as_dict()


def tallied_ledger(campaign: Campaign, *, now: datetime) -> tuple[Ledger, datetime]:
    """The ledger, and when it was counted. It adds up as of then."""
    found = tally(KIND, campaign, now=now)
    return Ledger(**found.figures), found.counted_at
