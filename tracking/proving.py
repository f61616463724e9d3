"""Uncertain mails that something was heard of before anybody called them uncertain."""

from datetime import datetime

from django.db import transaction
from django.db.models import OuterRef, Subquery

from campaigns.models import Message, MessageStatus
from campaigns.sending import evidence
from tracking.locks import hold_against_deletion, hold_recipients
from tracking.models import EmailEvent

AT_ONCE = 1_000


def prove_by_events(*, limit: int = AT_ONCE) -> int:
    """Count as sent what is uncertain and has an event, as of its first one; returns how many those were.

    News of an uncertain mail proves it as it comes. But most opens by machines come within seconds, while a lost worker
    is noticed when its lease ends: then the proof is there already, and nobody would look at it again.
    """
    first = EmailEvent.objects.filter(message=OuterRef("pk")).order_by("created_at").values("created_at")[:1]
    uncertain = Message.objects.filter(status=MessageStatus.UNCERTAIN, recipient__campaign__deleting_at=None)
    heard_of = uncertain.annotate(heard_at=Subquery(first)).filter(heard_at__isnull=False).order_by("pk")
    found = heard_of.values_list("pk", "recipient_id", "recipient__campaign_id", "heard_at")[:limit]
    return sum(_prove(*row) for row in found)


@transaction.atomic
def _prove(message: int, recipient: int, campaign: int, heard_at: datetime) -> int:
    hold_against_deletion([campaign])
    hold_recipients([recipient])
    return evidence.confirm(message_ids=[message], at=heard_at)
