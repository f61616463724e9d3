"""How a campaign is doing: its counts and its standing, the same on the page, in the API and in the command."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from campaigns.ledger import Ledger, ledger
from campaigns.models import Campaign, Message, MessageStatus
from campaigns.tallies.ledgers import tallied_ledger
from campaigns.why import Standing, why_campaign

PACE_OVER = timedelta(minutes=1)


@dataclass(frozen=True)
class Progress:
    """`percent` of the planned mails are settled; `standing` says why mail leaves or does not.

    The ledger is that of `counted_at`: a large campaign is counted every now and then.
    """

    ledger: Ledger
    counted_at: datetime
    percent: int
    standing: Standing
    mails_last_minute: int

    @property
    def sentence(self) -> str:
        """Where the campaign stands and what comes next."""
        return self.standing.summary

    @property
    def next_send_at(self) -> datetime | None:
        return self.standing.next_send_at

    def as_dict(self) -> dict[str, Any]:
        return {
            "sentence": self.sentence,
            "percent": self.percent,
            "next_send_at": self.next_send_at,
            "mails_last_minute": self.mails_last_minute,
            "ledger": {**self.ledger.as_dict(), "adds_up": self.ledger.adds_up, "counted_at": self.counted_at},
        }


def progress(campaign: Campaign, *, now: datetime, exactly: bool = False) -> Progress:
    """Say where `campaign` stands. A fixed number of queries, quick ones unless all is to be counted `exactly` now."""
    counts, counted_at = (ledger(campaign), now) if exactly else tallied_ledger(campaign, now=now)
    sent = Message.objects.filter(step__campaign=campaign, status=MessageStatus.SENT)
    return Progress(
        ledger=counts,
        counted_at=counted_at,
        percent=100 * counts.settled // counts.planned if counts.planned else 0,
        standing=why_campaign(campaign, now=now),
        mails_last_minute=sent.filter(sent_at__gt=now - PACE_OVER).count(),
    )
