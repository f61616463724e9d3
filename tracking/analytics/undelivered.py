"""Why mails did not arrive: those a mail server would not take, and those that came back."""

from typing import TypedDict

from django.db.models import Count
from django.db.models.fields.json import KT

from campaigns.models import Campaign, Message, MessageStatus
from tracking.models import EmailEvent, EventType


class Undelivered(TypedDict):
    """So many mails of one kind. `reason`: of what failed that of the message, of a bounce its kind and status."""

    how: str  # "failed" or "bounced"
    reason: str
    status: str  # RFC 3463, as 5.1.1, where a bounce says one
    mails: int


def undelivered(campaign: Campaign) -> list[Undelivered]:
    """What failed and what came back, the most frequent first. Two queries.

    A mail that failed was taken by no server, one that bounced was taken first; so none is in both, unless a service
    tells of a mail it refused.
    """
    failed = Message.objects.filter(step__campaign=campaign, status=MessageStatus.FAILED).order_by()
    bounces = EmailEvent.objects.filter(campaign_recipient__campaign=campaign, event_type=EventType.BOUNCE).order_by()
    told = bounces.annotate(kind=KT("event_data__kind"), status=KT("event_data__status"))
    found: list[Undelivered] = [
        {"how": "failed", "reason": reason, "status": "", "mails": mails}
        for reason, mails in failed.values_list("reason").annotate(mails=Count("pk"))
    ] + [
        {"how": "bounced", "reason": kind or "", "status": status or "", "mails": mails}
        for kind, status, mails in told.values_list("kind", "status").annotate(mails=Count("pk"))
    ]
    return sorted(found, key=lambda row: (-row["mails"], row["how"], row["reason"], row["status"]))
