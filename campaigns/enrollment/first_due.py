"""When somebody's first mail is due."""

from datetime import datetime

from django.db.models import QuerySet

from campaigns.models import Campaign, Message, MessageStatus, Recipient, RecipientStatus
from campaigns.scheduling import due_after, waits_by_lead, zone_for


def set_first_due(campaign: Campaign, now: datetime) -> None:
    """Whoever waits for the first mail and has no time for it yet gets one; the wait begins `now`.

    Those whose mail may have left already wait for a decision.
    """
    first = campaign.steps.order_by("position").first()
    if first is None:
        return
    waiting = _waiting(campaign)
    if not waits_by_lead(first, campaign):
        due = due_after(first, campaign=campaign, at=now)
        waiting.update(next_step=first, next_send_at=due, updated_at=now)
        return
    for name in list(waiting.values_list("lead__timezone", flat=True).distinct()):
        due = due_after(first, campaign=campaign, at=now, zone=zone_for(campaign, name))
        theirs = Recipient.objects.filter(pk__in=waiting.filter(lead__timezone=name).values("pk"))
        theirs.update(next_step=first, next_send_at=due, updated_at=now)


def _waiting(campaign: Campaign) -> QuerySet[Recipient]:
    doubtful = Message.objects.filter(recipient__campaign=campaign, status=MessageStatus.UNCERTAIN)
    waiting = Recipient.objects.filter(campaign=campaign, status=RecipientStatus.PENDING, next_send_at=None)
    return waiting.exclude(pk__in=doubtful.values("recipient"))
