"""Locks of campaigns, and what is done when two transactions wait for each other all the same.

Everybody takes row locks in one order: a lease, then recipients by id, then messages, then suppressions, leads and the
campaign's counters. (A claim has its recipients before its lease, which nobody else knows of yet.) Advisory locks are
statements of their own: a statement's snapshot is older than a lock it takes itself, and counts made from it would be
wrong.

What is counted against limits has locks of its own, taken after those of messages and only where something is limited:
senders by id, then campaigns by id. Rows of usage are touched by nobody who does not hold them.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from enum import IntEnum, unique
from functools import wraps

from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from campaigns_project.database import sessions

TRIES = 3
SOON = timedelta(seconds=5)  # for whoever gave way
_RETRIABLE = frozenset({"40P01", "40001"})  # deadlock detected, serialization failure


@unique
class Lock(IntEnum):
    """First half of an advisory lock's key; the second is an id. 0x4609 is taken: `leads.segments.keeping`."""

    AUDIENCE = 0x4601  # of an organization: who is enrolled where
    LANE = 0x4602  # a sending lane
    CONNECTION = 0x4603  # one of a sender's connections
    SENDER_USAGE = 0x4604  # what was counted against a sender's limits
    CAMPAIGN_USAGE = 0x4605  # what was counted against a campaign's limits
    DELETION = 0x4606  # a job that deletes: one worker at a time
    NAMING = 0x4607  # which campaign IDs are free
    RANKING = 0x4608  # of a campaign: who is ranked how
    FETCH = 0x4610  # a job that fetches leads: one worker at a time
    TALLY = 0x4611  # counting large campaigns: one worker at a time
    CALLING = 0x4612  # of a lead: whether somebody is to call
    DAYS = 0x4613  # of a campaign: its days are counted; 0: one worker at a time goes through all of them
    LOOK = 0x4614  # an automatic campaign that looks for new people: one worker at a time
    SWEEP = 0x4615  # a run that takes people out: one worker at a time
    HANDOVER = 0x4616  # a campaign at Instantly: one worker at a time tells it something
    FORGETTING = 0x4617  # clearing what is old: one worker at a time
    MAILBOX = 0x4620  # a mailbox: one reader at a time
    SENDER_TOKEN = 0x4621  # of a sender: one asks for a new access token at a time
    MAILBOX_TOKEN = 0x4622  # of a mailbox: the same


def hold_audience(organization_id: int) -> None:
    """Wait until nobody else enrolls, starts or stops in this organization; held to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [Lock.AUDIENCE, organization_id % 2**31])


def take_audience(organization_id: int) -> bool:
    """As `hold_audience`, for those who must not wait: False when somebody else has it, or waits for it already."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [Lock.AUDIENCE, organization_id % 2**31])
        return cursor.fetchone()[0]


def require_audience(organization_id: int, *, patience: timedelta = timedelta()) -> None:
    """As `hold_audience`, for those who must not wait, or no longer than `patience`: AudienceTaken where they would."""
    if not patience:
        if not take_audience(organization_id):
            raise AudienceTaken
        return
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout TO {int(patience.total_seconds() * 1000)}")
            hold_audience(organization_id)
            cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise AudienceTaken from error
        raise


class AudienceTaken(Exception):
    """Somebody else enrolls, starts or stops in the organization at this moment. Nothing was done."""

    def __str__(self) -> str:
        return (
            "Somebody else enrolls, starts or stops in the organization at this moment; it is tried again in some "
            "seconds."
        )


def is_audience_free(organization_id: int) -> bool:
    """Whether nobody enrolls, starts or stops in this organization at this moment; somebody may in the next."""
    with transaction.atomic():
        return take_audience(organization_id)


def hold_ranking(campaign_id: int) -> None:
    """Wait until nobody else ranks leads for this campaign; held to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [Lock.RANKING, campaign_id % 2**31])


def hold_calling(lead_id: int) -> None:
    """Wait until nobody else asks for a call to this lead; held to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [Lock.CALLING, lead_id % 2**31])


def hold_days(campaign_id: int) -> None:
    """Wait until nobody else counts this campaign's days; held to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [Lock.DAYS, campaign_id % 2**31])


def hold_naming() -> None:
    """Wait until nobody else makes a campaign ID from a name; held to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [Lock.NAMING])


def hold_usage(*, senders: Iterable[int], campaigns: Iterable[int]) -> None:
    """Wait until nobody else counts against the limits of these; held to the end of the transaction."""
    keys = [(Lock.SENDER_USAGE, pk) for pk in sorted(senders)] + [(Lock.CAMPAIGN_USAGE, pk) for pk in sorted(campaigns)]
    with connection.cursor() as cursor:
        for kind, pk in keys:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [kind, pk % 2**31])


def take_for_session(kind: Lock, number: int) -> bool:
    """Hold this lock until `let_go` or the end of the database connection; False when another session has it.

    Raises DatabaseFault where a connection is not one session.
    """
    return sessions.take(connection, kind, number)


def let_go(kind: Lock, number: int) -> None:
    """Give a session's lock back."""
    sessions.let_go(connection, kind, number)


def held(kind: Lock) -> set[int]:
    """The numbers of this kind that some session holds now."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [kind])
        return {number for (number,) in cursor.fetchall()}


_HELD = """
SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def retried[**Arguments, Answer](act: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """Try a transaction again that Postgres ended for the sake of another.

    For acts that write down what cannot be learned again, such as a mail server's answers. Not inside a transaction:
    that one would be broken already.
    """

    @wraps(act)
    def tried(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
        for _ in range(TRIES - 1):
            try:
                return act(*args, **kwargs)
            except OperationalError as error:
                if connection.in_atomic_block or getattr(error.__cause__, "sqlstate", None) not in _RETRIABLE:
                    raise
        return act(*args, **kwargs)

    return tried
