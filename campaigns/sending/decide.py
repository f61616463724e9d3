"""What a person decides about mails nobody can know of: they count as sent, or they are sent again."""

from collections.abc import Sequence
from datetime import datetime

from django.db import models, transaction
from django.db.models import F, QuerySet

from campaigns.models import Message, MessageStatus
from campaigns.sending.advance import lock_recipients, skip_for_those_who_left, wait_again
from campaigns.sending.evidence import confirm
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import StateRefused, state_of

BATCH = 500  # messages decided in one transaction, each with its audit row


class Decision(models.TextChoices):
    """What an uncertain mail is taken for."""

    TREAT_AS_SENT = "treat_as_sent", "it counts as sent and its recipient goes on"
    SEND_AGAIN = "send_again", "it is sent once more; the person may get it twice"


_ACTIONS = {Decision.TREAT_AS_SENT: "message.treated_as_sent", Decision.SEND_AGAIN: "message.sent_again"}
_BECOMES = {Decision.TREAT_AS_SENT: MessageStatus.SENT, Decision.SEND_AGAIN: MessageStatus.PENDING}


def treat_as_sent(*, message: Message, actor: Actor, now: datetime, reason: str = "") -> Message:
    """Count an uncertain mail as sent; its recipient goes on. Refused when it is not uncertain (any more)."""
    return _decide_one(message, Decision.TREAT_AS_SENT, actor, now, reason)


def send_again(*, message: Message, actor: Actor, now: datetime, reason: str = "") -> Message:
    """Send an uncertain mail once more, under the same Message-ID: the person may get it twice.

    Refused when it is not uncertain (any more). A recipient who left meanwhile gets nothing: the mail is skipped.
    """
    return _decide_one(message, Decision.SEND_AGAIN, actor, now, reason)


def decide_uncertain(
    *, messages: QuerySet[Message], decision: Decision, actor: Actor, now: datetime, reason: str = ""
) -> int:
    """Decide about all uncertain ones of `messages` alike; returns how many that were. Each has its audit row.

    The others are left alone: between looking and deciding, evidence may have come.
    """
    uncertain = messages.filter(status=MessageStatus.UNCERTAIN).order_by("pk")
    decided = after = 0
    while ids := list(uncertain.filter(pk__gt=after).values_list("pk", flat=True)[:BATCH]):
        decided += _decide(ids, decision, actor, now, reason)
        after = ids[-1]
    return decided


def _decide_one(message: Message, decision: Decision, actor: Actor, now: datetime, reason: str) -> Message:
    if not _decide([message.pk], decision, actor, now, reason):
        raise _not_uncertain(message)
    return Message.objects.select_related("recipient__campaign__organization", "step").get(pk=message.pk)


@transaction.atomic
def _decide(ids: Sequence[int], decision: Decision, actor: Actor, now: datetime, reason: str) -> int:
    lock_recipients(Message.objects.filter(pk__in=ids).values_list("recipient_id", flat=True))
    # Asked again under the lock: evidence, or somebody else, may have been faster.
    uncertain = Message.objects.filter(pk__in=ids, status=MessageStatus.UNCERTAIN).order_by("pk")
    locked = uncertain.select_for_update(no_key=True, of=("self",)).select_related("recipient__campaign")
    messages = list(locked)
    if decision == Decision.TREAT_AS_SENT:
        confirm(message_ids=[message.pk for message in messages], at=now)
    else:
        _wait_again(messages, now)
    for message in messages:
        _audit(message, decision, actor, reason)
    return len(messages)


def _wait_again(messages: Sequence[Message], now: datetime) -> None:
    ids = [message.pk for message in messages]
    Message.objects.filter(pk__in=ids).update(status=MessageStatus.PENDING, reason="", fence=F("fence") + 1)
    wait_again({message.recipient_id: now for message in messages}, at=now)
    skip_for_those_who_left(ids)


def _not_uncertain(message: Message) -> StateRefused:
    status = Message.objects.filter(pk=message.pk).values_list("status", flat=True).first() or "gone"
    return StateRefused(
        "state_conflict",
        f"Message {message.pk} is {status}: only an uncertain one needs a decision.",
        details=state_of(status),
    )


def _audit(message: Message, decision: Decision, actor: Actor, reason: str) -> None:
    record(
        action=_ACTIONS[decision],
        entity=message,
        organization_id=message.recipient.campaign.organization_id,
        actor=actor,
        before={"status": MessageStatus.UNCERTAIN},
        after={"status": _BECOMES[decision]},
        reason=reason,
    )
