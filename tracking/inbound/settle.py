"""Turn what e-mail services reported into events, one report after the other.

Each event is a transaction of its own, and told again under the same number it happens once: so a report that was
begun by somebody who was killed is begun again, and two who work on one do no harm.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.db import Error, OperationalError, transaction
from django.db.models import F, Q
from django_q.tasks import async_task

from campaigns.locks import retried
from campaigns.models import InstantlyAccount, Message, MessageStatus, Sender
from campaigns.sending import evidence
from campaigns_project.faults import fault_of
from tracking.consequences import record_event
from tracking.inbound.find import find_message, named_message
from tracking.inbound.instantly import take_report
from tracking.inbound.judge import Meaning, meaning_of
from tracking.inbound.nobodys import is_of_an_erased_person, respect
from tracking.inbound.parts import digest_of, events_of, own_id, parts_of
from tracking.locks import hold_against_deletion, hold_recipients
from tracking.models import EventType, InboundWebhook, QuarantineCode, WebhookStatus

AT_ONCE = 500  # reports
SECONDS = 0.5  # of a turn of the tick, which has other duties
HEARD_EVERY = timedelta(seconds=30)  # a sender's row is written no more often for being heard of
MOST_TRIES = 3  # of a report that takes whoever works on it along
_PROVES = frozenset({"delivered", "sent", "queued", "deferred", "opened", "clicked", "autoresponded"})
_UNUSED = [f"{whose}__{secret}" for whose, model in (("sender", Sender), ("instantly_account", InstantlyAccount))
           for secret in model.SECRETS]  # fmt: skip

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Progress:
    """How far a report is: events looked at, what came of them, and what was put aside since it was kept last."""

    done: int
    counts: Counter[str] = field(default_factory=Counter)
    aside: list[tuple[Any, QuarantineCode]] = field(default_factory=list)


def settle_waiting(*, now: datetime, limit: int = AT_ONCE, seconds: float = SECONDS) -> int:
    """Settle the oldest reports, at most `limit`, and return how many; a long one is gone on with in the next turn."""
    end = time.monotonic() + seconds
    waiting = InboundWebhook.objects.filter(status=WebhookStatus.WAITING).order_by("pk")
    settled = 0
    for pk in list(waiting.values_list("pk", flat=True)[:limit]):
        settled += settle(pk, now=now, end=end)
        if time.monotonic() >= end:
            break
    return settled


def settle(pk: int, *, now: datetime, end: float = float("inf")) -> bool:
    """Settle one report that waits; False where it is gone, is not waiting, or is not through by `end`."""
    waiting = InboundWebhook.objects.filter(pk=pk, status=WebhookStatus.WAITING)
    if not waiting.update(tries=F("tries") + 1):  # counted before the work
        return False
    row = waiting.select_related("sender", "instantly_account").defer(*_UNUSED).first()
    if row is None:
        return False
    _note_heard(row)
    if row.tries > MOST_TRIES:
        return _put_aside_whole(row, QuarantineCode.POISON, now)
    if row.headers.get("x-amz-sns-message-type") == "SubscriptionConfirmation":
        return _confirm_later(row, now)
    try:
        parts = parts_of(row)
    except ValueError:
        return _put_aside_whole(row, QuarantineCode.UNREADABLE, now)
    return _work_through(row, parts, now, end)


def _work_through(row: InboundWebhook, parts: Sequence[Any], now: datetime, end: float) -> bool:
    progress = Progress(done=row.done)
    for part in parts[row.done :]:
        reason = _settle_part(row, part, progress.counts)
        if reason:
            progress.aside.append((part, reason))
        progress.done += 1
        if time.monotonic() >= end:
            break
    return _keep(row, progress, len(parts), now)


def _settle_part(row: InboundWebhook, part: Any, counts: Counter[str]) -> QuarantineCode | None:
    """Why the part is put aside; None where it is settled. One that is broken keeps none of the others back."""
    try:
        events = [part] if row.instantly_account_id else events_of(row, part)
    except Exception:  # noqa: BLE001 - the library trusts the shape of what it reads
        return QuarantineCode.UNREADABLE
    try:
        told = [_settle_event(row, part, event, place) for place, event in enumerate(events)]
    except Exception as error:
        if isinstance(error, Error) and (isinstance(error, OperationalError) or fault_of(error)):
            raise  # the database is away: it is tried again as a whole
        logger.exception("an event of webhook %s could not be counted", row.pk)
        return QuarantineCode.FAULT
    if None in told:
        return QuarantineCode.UNKNOWN_MESSAGE
    counts.update("counted" if each else "ignored" for each in told)
    return None


def _settle_event(row: InboundWebhook, part: Any, event: Any, place: int) -> bool | None:
    """Whether something new followed; None where it is about a mail that nobody knows."""
    if row.instantly_account:
        return take_report(row.instantly_account, event, received_at=row.received_at)
    if row.sender is None:
        raise ValueError(f"webhook {row.pk} is of nobody")
    # A service's clock, or a damaged report, must not have it happen before it could.
    at = min(_aware(event.timestamp) or row.received_at, row.received_at)
    raw = event.esp_event if row.service == "amazon_ses" else part
    meaning = meaning_of(row.service, raw, event)
    if meaning is None and event.event_type not in _PROVES:
        return False
    if meaning is None:
        named = named_message(event, sender=row.sender)
        return named is not None and _prove(named, at)
    message = find_message(event, sender=row.sender, at=at)
    if message is None:
        return _of_nobodys(row, event, meaning, at)
    data = {"kind": meaning.kind} if meaning.event_type == EventType.BOUNCE else {}
    return record_event(
        recipient=message.recipient,
        event_type=meaning.event_type,
        at=max(at, message.attempted_at or at),
        source=f"esp.{row.service}",
        source_event_id=own_id(row, part, event, place),
        message=message,
        data={**data, "reason": meaning.reason} if meaning.reason else data,
    )


def _aware(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at


def _of_nobodys(row: InboundWebhook, event: Any, meaning: Meaning, at: datetime) -> bool | None:
    address = str(event.recipient or "")
    if is_of_an_erased_person(address, organization_id=row.organization_id):
        return False
    respect(meaning, address, organization_id=row.organization_id, at=at)
    return None


def _prove(message: Message, at: datetime) -> bool:
    """The service has the mail, so it was sent; True where that was uncertain."""
    return message.status == MessageStatus.UNCERTAIN and bool(_confirm(message, max(at, message.attempted_at or at)))


@retried
@transaction.atomic
def _confirm(message: Message, at: datetime) -> int:
    hold_against_deletion([message.recipient.campaign_id])
    hold_recipients([message.recipient_id])
    return evidence.confirm(message_ids=[message.pk], at=at)


@transaction.atomic
def _keep(row: InboundWebhook, progress: Progress, parts: int, now: datetime) -> bool:
    """Write how far it is; True where that is the end.

    What was put aside becomes a row of its own, or stays in this one where it is all that this one holds.
    """
    this = InboundWebhook.objects.filter(pk=row.pk, status=WebhookStatus.WAITING, done=row.done)
    totals = {name: F(name) + progress.counts[name] for name in ("counted", "ignored")}
    totals["put_aside"] = F("put_aside") + len(progress.aside)
    if progress.aside and parts == 1:
        ((part, reason),) = progress.aside
        shape = {"status": WebhookStatus.QUARANTINED, "reason": reason, "event": part, "settled_at": now}
        return bool(this.update(body="", done=1, **totals, **shape))
    is_through = progress.done >= parts
    if is_through:
        shape = {"status": WebhookStatus.SETTLED, "reason": "", "settled_at": now}
        this.update(body="", event=None, headers={}, done=progress.done, **totals, **shape)
    else:
        this.update(done=progress.done, tries=0, **totals)
    InboundWebhook.objects.bulk_create(_rows_of_their_own(row, progress.aside, now), ignore_conflicts=True)
    return is_through


def _rows_of_their_own(
    row: InboundWebhook, aside: Sequence[tuple[Any, QuarantineCode]], now: datetime
) -> Iterator[InboundWebhook]:
    for part, reason in aside:
        yield InboundWebhook(
            organization_id=row.organization_id,
            sender_id=row.sender_id,
            instantly_account_id=row.instantly_account_id,
            service=row.service,
            status=WebhookStatus.QUARANTINED,
            reason=reason,
            content_type=row.content_type,
            headers=row.headers,
            event=part,
            digest=digest_of(part),
            done=1,
            put_aside=1,
            received_at=row.received_at,
            settled_at=now,
        )


def _put_aside_whole(row: InboundWebhook, reason: QuarantineCode, now: datetime) -> bool:
    this = InboundWebhook.objects.filter(pk=row.pk, status=WebhookStatus.WAITING)
    shape = {"status": WebhookStatus.QUARANTINED, "reason": reason, "settled_at": now, "put_aside": 1}
    return bool(this.update(**shape))


@transaction.atomic
def _confirm_later(row: InboundWebhook, now: datetime) -> bool:
    """A subscription is put aside until it is confirmed, which asks the network and so is a task."""
    transaction.on_commit(partial(async_task, "tracking.tasks.confirm_subscription", row.pk))
    return _put_aside_whole(row, QuarantineCode.UNCONFIRMED, now)


def _note_heard(row: InboundWebhook) -> None:
    is_older = Q(heard_at=None) | Q(heard_at__lt=row.received_at - HEARD_EVERY)
    if row.instantly_account_id:
        InstantlyAccount.objects.filter(is_older, pk=row.instantly_account_id).update(heard_at=row.received_at)
    else:
        Sender.objects.filter(is_older, inbound_webhooks=row).update(heard_at=row.received_at)
