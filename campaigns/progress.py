"""How a campaign is doing, in one sentence and its numbers: the same on the page, in the API and in the command."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min, QuerySet

from campaigns.ledger import Ledger, ledger
from campaigns.models import Campaign, CampaignStatus, Message, MessageStatus, Recipient, RecipientStatus
from campaigns.scheduling import next_opening

PACE_OVER = timedelta(minutes=1)


@dataclass(frozen=True)
class Progress:
    """`percent` of the planned mails are settled; `sentence` says where the campaign stands and what comes next."""

    ledger: Ledger
    percent: int
    sentence: str
    next_send_at: datetime | None
    mails_last_minute: int

    def as_dict(self) -> dict[str, Any]:
        return {
            "sentence": self.sentence,
            "percent": self.percent,
            "next_send_at": self.next_send_at,
            "mails_last_minute": self.mails_last_minute,
            "ledger": {**self.ledger.as_dict(), "adds_up": self.ledger.adds_up},
        }


def progress(campaign: Campaign, *, now: datetime) -> Progress:
    """Count and say where `campaign` stands. Three queries for a running campaign."""
    counts = ledger(campaign)
    percent = 100 * counts.settled // counts.planned if counts.planned else 0
    due = _next_send_at(campaign, now) if campaign.status == CampaignStatus.RUNNING else None
    return Progress(
        ledger=counts,
        percent=percent,
        sentence=_sentence(campaign, counts, due, now),
        next_send_at=due,
        mails_last_minute=_sent(campaign).filter(sent_at__gt=now - PACE_OVER).count(),
    )


def _next_send_at(campaign: Campaign, now: datetime) -> datetime | None:
    waiting = Recipient.objects.filter(campaign=campaign, status__in=RecipientStatus.DUE)
    earliest = waiting.aggregate(at=Min("next_send_at"))["at"]
    return next_opening(campaign, max(earliest, now)) if earliest else None


def _sent(campaign: Campaign) -> QuerySet[Message]:
    return Message.objects.filter(recipient__campaign=campaign, status=MessageStatus.SENT)


def _sentence(campaign: Campaign, counts: Ledger, due: datetime | None, now: datetime) -> str:
    if campaign.status == CampaignStatus.RUNNING:
        return _running(counts, due, now)
    if campaign.status == CampaignStatus.SCHEDULED and campaign.scheduled_at:
        return f"Starts by itself on {_at(campaign.scheduled_at)}."
    if campaign.status_message:
        return campaign.status_message
    return {
        CampaignStatus.DRAFT: "Not started yet.",
        CampaignStatus.PAUSED: "Paused: no mail leaves.",
        CampaignStatus.COMPLETED: "Completed: everybody has had the sequence or has left it.",
        CampaignStatus.STOPPED: "Stopped for good.",
        CampaignStatus.ARCHIVED: "In the archive.",
        CampaignStatus.FAILED: "Failed.",
    }[CampaignStatus(campaign.status)]


def _running(counts: Ledger, due: datetime | None, now: datetime) -> str:
    if counts.in_flight:
        return f"Sending: {counts.in_flight} with the workers, {counts.waiting} waiting."
    if due is not None:
        return "Mail is due and leaves now." if due <= now else f"Waiting: the next mail leaves on {_at(due)}."
    if counts.uncertain:
        return f"Waiting for a decision about {counts.uncertain} uncertain mails."
    return "Nothing is waiting; the campaign completes in a moment." if not counts.waiting else "Nobody is due."


def _at(moment: datetime) -> str:
    return f"{moment:%d %b %Y %H:%M:%S %Z}"
