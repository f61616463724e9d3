"""What a person decides about a mail nobody can know of: it counts as sent, or it is sent again."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from campaigns.models import Message, MessageStatus
from campaigns.sending.advance import lock_recipients, skip_for_those_who_left, wait_again
from campaigns.sending.evidence import confirm
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import StateRefused


@transaction.atomic
def treat_as_sent(*, message: Message, actor: Actor, now: datetime, reason: str = "") -> Message:
    """Count an uncertain mail as sent; its recipient goes on. Refused when it is not uncertain (any more)."""
    if not confirm(message_ids=[message.pk], at=now):
        raise _not_uncertain(message)
    return _audited(message, "message.treated_as_sent", MessageStatus.SENT, actor, reason)


@transaction.atomic
def send_again(*, message: Message, actor: Actor, now: datetime, reason: str = "") -> Message:
    """Send an uncertain mail once more, under the same Message-ID: the person may get it twice.

    Refused when it is not uncertain (any more). A recipient who left meanwhile gets nothing: the mail is skipped.
    """
    lock_recipients([message.recipient_id])
    uncertain = Message.objects.filter(pk=message.pk, status=MessageStatus.UNCERTAIN)
    if not uncertain.update(status=MessageStatus.PENDING, reason="", fence=F("fence") + 1):
        raise _not_uncertain(message)
    wait_again({message.recipient_id: now}, at=now)
    skip_for_those_who_left([message.pk])
    return _audited(message, "message.sent_again", MessageStatus.PENDING, actor, reason)


def _not_uncertain(message: Message) -> StateRefused:
    status = Message.objects.filter(pk=message.pk).values_list("status", flat=True).first() or "gone"
    return StateRefused(
        "state_conflict",
        f"Message {message.pk} is {status}: only an uncertain one needs a decision.",
        details={"current_status": status},
    )


def _audited(message: Message, action: str, to: MessageStatus, actor: Actor, reason: str) -> Message:
    record(
        action=action,
        entity=message,
        organization_id=message.recipient.campaign.organization_id,
        actor=actor,
        before={"status": MessageStatus.UNCERTAIN},
        after={"status": to},
        reason=reason,
    )
    return Message.objects.select_related("recipient__campaign__organization", "step").get(pk=message.pk)
