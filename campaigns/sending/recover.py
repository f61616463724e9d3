"""Mend what a dead worker left: claims go back, and what was at a mail server becomes uncertain."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import F

from campaigns.enrollment.stop import stop_recipients
from campaigns.models import ExitReason, Lease, Message, MessageStatus
from campaigns.sending.advance import (
    hold_for_a_decision,
    lock_recipients,
    skip_for_those_who_left,
    stay_with_sender,
    wait_again,
)
from campaigns.sending.reasons import MessageReason
from campaigns.sending.reserve import release

POISON_AFTER = 3  # claims in a row whose worker was never heard of again


def recover(*, now: datetime) -> int:
    """Settle every message whose lease has ended (by the database's clock), lease by lease; returns how many.

    A stale `claimed` was surely not sent: it goes back, or is set aside when it took three workers with it. A stale
    `sending` may have been: it becomes uncertain, is never sent again by itself, and its recipient waits for a
    decision.
    """
    total = 0
    while (settled := _settle_next(now)) is not None:
        total += settled
    return total


@transaction.atomic
def _settle_next(now: datetime) -> int | None:
    """Settle what is in flight under a lease that has ended, and remove it; None when there is no such lease."""
    # One that is held is being renewed, or settled by somebody else. Of one that was renewed right before it is locked
    # the database looks at the time again: its worker was slow, not dead.
    lease = Lease.objects.ended().select_for_update(skip_locked=True).order_by("pk").first()
    if lease is None:
        return None
    lock_recipients(lease.recipients)
    # Read under the locks: a slow worker may have recorded, and others have claimed, some of them meanwhile.
    held = Message.objects.filter(recipient__in=lease.recipients, lease=lease.pk)
    rows = list(held.select_for_update(no_key=True).order_by("pk").values_list("pk", "recipient_id", "status"))
    lost_again({pk: recipient for pk, recipient, status in rows if status == MessageStatus.CLAIMED}, now)
    doubt({pk: recipient for pk, recipient, status in rows if status == MessageStatus.SENDING}, now)
    lease.delete()
    return len(rows)


def lost_again(messages: Mapping[int, int], now: datetime) -> None:
    """Claims (recipient by message id) whose worker ended over them, perhaps because of them: back to waiting.

    What took three workers with it is set aside. Under the locks of its caller, as all of these.
    """
    poison = Message.objects.filter(pk__in=messages, lost_claims__gte=POISON_AFTER - 1)
    poisonous = set(poison.values_list("pk", flat=True))
    _set_aside({pk: messages[pk] for pk in poisonous}, now)
    back = {pk: recipient for pk, recipient in messages.items() if pk not in poisonous}
    Message.objects.filter(pk__in=back).update(lost_claims=F("lost_claims") + 1)
    give_back(back, now)


def give_back(messages: Mapping[int, int], now: datetime) -> None:
    """What surely was not sent goes back to waiting, due at once."""
    release(list(messages))
    # The fence grows, so that a worker that was only asleep finds its claim gone.
    Message.objects.filter(pk__in=messages).update(
        status=MessageStatus.PENDING, lease=None, reason="", fence=F("fence") + 1
    )
    wait_again(dict.fromkeys(messages.values(), now), at=now)
    skip_for_those_who_left(messages)


def doubt(messages: Mapping[int, int], now: datetime) -> None:
    """What the server may have got becomes uncertain; its recipient waits for a decision."""
    Message.objects.filter(pk__in=messages).update(
        status=MessageStatus.UNCERTAIN, reason=MessageReason.WORKER_LOST, lease=None, fence=F("fence") + 1
    )
    stay_with_sender(messages)
    note = "The worker ended while the mail was at the mail server: a person has to decide whether it counts as sent."
    hold_for_a_decision(messages.values(), note=note, at=now)


def _set_aside(messages: Mapping[int, int], now: datetime) -> None:
    Message.objects.filter(pk__in=messages).update(
        status=MessageStatus.FAILED, reason=MessageReason.POISON, lease=None, fence=F("fence") + 1
    )
    error = f"{POISON_AFTER} workers ended while they worked on this mail; it was set aside."
    stop_recipients(list(messages.values()), reason=ExitReason.FAILED, at=now, error=error)
