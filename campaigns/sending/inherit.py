"""Settle what dead workers of this machine left, by their journals, without waiting for their leases to end."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet

from campaigns.models import Message, MessageStatus
from campaigns.sending.advance import lock_recipients
from campaigns.sending.evidence import count_as_sent
from campaigns.sending.journal import SET_ASIDE, Entry, Fate, bequest, left_behind
from campaigns.sending.reasons import MessageReason
from campaigns.sending.recover import doubt, give_back, lost_again
from campaigns_project.faults import is_of_the_database

logger = logging.getLogger(__name__)


def inherit(*, now: datetime) -> int:
    """Take over from every dead worker that left a journal here; returns how many messages were settled.

    What surely was not sent goes back to waiting, what the server took is sent, and only what was in hand is uncertain.
    """
    settled = 0
    for path in left_behind():
        try:
            with bequest(path) as entries:
                settled += _settle_all(entries, now) if entries else 0
        except Exception as error:
            if is_of_the_database(error):
                raise
            # Its mails are left to their leases: one journal must not keep all work of this machine waiting.
            logger.exception("the journal %s cannot be settled and is set aside", path.name)
            with suppress(FileNotFoundError):  # another was faster
                path.rename(path.with_suffix(SET_ASIDE))
    return settled


def _settle_all(entries: Sequence[Entry], now: datetime) -> int:
    """All at once; where that fails one by one, so that what is wrong with one leaves the proof of the others. Its
    error is raised when they are settled."""
    try:
        return _settle(entries, now)
    except Exception as error:
        if is_of_the_database(error) or len(entries) == 1:
            raise
    settled, faults = 0, list[Exception]()
    for entry in entries:
        try:
            settled += _settle([entry], now)
        except Exception as error:
            if is_of_the_database(error):
                raise
            faults.append(error)
    if faults:
        raise faults[0]
    return settled


@transaction.atomic
def _settle(entries: Iterable[Entry], now: datetime) -> int:
    told = {entry.message: entry for entry in entries}
    lock_recipients(Message.objects.filter(pk__in=told).values_list("recipient_id", flat=True))
    rows = [row for row in _undecided(told) if _is_meant(row, told[row.pk])]
    by_fate: dict[Fate, dict[int, int]] = defaultdict(dict)
    for row in rows:
        by_fate[told[row.pk].fate][row.pk] = row.recipient_id
    give_back(by_fate[Fate.CLAIMED] | by_fate[Fate.NOT_SENT], now)
    lost_again(by_fate[Fate.MAKING], now)
    doubt(by_fate[Fate.BEGUN], now)
    _count_accepted([told[message] for message in by_fate[Fate.ACCEPTED]])
    return len(rows)


def _count_accepted(entries: Iterable[Entry]) -> None:
    answers: dict[tuple[int, int], list[int]] = defaultdict(list)
    for entry in entries:
        answers[entry.code, entry.at].append(entry.message)
    for (code, at), messages in answers.items():
        Message.objects.filter(pk__in=messages).update(smtp_code=code, fence=F("fence") + 1)
        count_as_sent(messages, at=datetime.fromtimestamp(at, UTC))


def _undecided(told: Mapping[int, Entry]) -> QuerySet[Message]:
    """What is still in flight, or became uncertain when its lease ended before anybody looked here."""
    doubtful = Q(status=MessageStatus.UNCERTAIN, reason=MessageReason.WORKER_LOST)
    rows = Message.objects.filter(Q(status__in=MessageStatus.IN_FLIGHT) | doubtful, pk__in=told)
    return rows.select_for_update(no_key=True).order_by("pk")


def _is_meant(row: Message, entry: Entry) -> bool:
    """Whether the row stands where the worker left it; recovery by the lease lifts the fence by one."""
    if row.status == MessageStatus.UNCERTAIN:
        return row.fence == entry.fence + 1 and entry.fate != Fate.BEGUN
    return row.fence == entry.fence
