"""What the workers do at this moment: who lives, what is in flight, what waits, how fast it goes.

Of the whole installation, so for system administrators alone. Ages are by the database's clock.
"""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, F, Min, Q
from django.db.models.functions import Now

from campaigns.locks import Lock, held
from campaigns.models import Lease, Message, MessageStatus, Sender
from campaigns.sending.slots import MOST
from campaigns_project.workers import heartbeat
from campaigns_project.workers.heartbeat import SILENT_AFTER
from campaigns_project.workers.models import WorkerHeartbeat, WorkerKind
from campaigns_project.workers.queue import queue_state

PACE_OVER = timedelta(minutes=1)
SOON = timedelta(seconds=30)  # a lease with less left belongs to a worker that is slow, or dead
SHOWN = 50  # campaigns and senders, the busiest first


@dataclass(frozen=True)
class Process:
    """One that should be alive. `does` is what it said last; ages in seconds."""

    name: str
    kind: str
    host: str
    pid: int
    capacity: int
    does: str
    age: float
    is_silent: bool


@dataclass(frozen=True)
class Lane:
    """A sending lane somebody holds; `address` is where its connection to the database comes from."""

    number: int
    database_pid: int
    address: str


@dataclass(frozen=True)
class Load:
    """Mails of one campaign over one sender that workers have in hand; `oldest` in seconds since the claim."""

    campaign: int
    campaign_name: str
    sender: str
    claimed: int
    sending: int
    leases_ending: int
    oldest: float


@dataclass(frozen=True)
class Pace:
    """A sender at work: connections held of those it allows, and mails that left over it in the last minute."""

    sender: str
    connections: int
    max_connections: int
    mails: int


@dataclass(frozen=True)
class Working:
    """The whole of it; `leader` is the tick that leads, "" where none does. Waits in seconds."""

    processes: list[Process]
    leader: str
    lanes: list[Lane]
    loads: list[Load]
    paces: list[Pace]
    queue_waiting: int
    queue_claimed: int
    queue_oldest_wait: float

    @property
    def in_flight(self) -> int:
        return sum(load.claimed + load.sending for load in self.loads)

    @property
    def mails_last_minute(self) -> int:
        return sum(pace.mails for pace in self.paces)

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "in_flight": self.in_flight, "mails_last_minute": self.mails_last_minute}


def working() -> Working:
    """Look at everything once. A few short queries, none of which waits for a worker."""
    processes = [_process(row) for row in WorkerHeartbeat.objects.annotate(age=heartbeat.AGE).order_by("kind", "name")]
    queue = queue_state()
    return Working(
        processes=processes,
        leader=next((each.name for each in processes if each.does == "leading" and not each.is_silent), ""),
        lanes=_lanes(),
        loads=_loads(),
        paces=_paces(),
        queue_waiting=queue.waiting,
        queue_claimed=queue.claimed,
        queue_oldest_wait=queue.oldest_wait.total_seconds(),
    )


def _process(row: Any) -> Process:
    return Process(
        name=row.name,
        kind=row.kind,
        host=row.host,
        pid=row.pid,
        capacity=row.capacity,
        does=row.detail,
        age=row.age.total_seconds(),
        is_silent=row.age > SILENT_AFTER[WorkerKind(row.kind)],
    )


def _lanes() -> list[Lane]:
    with connection.cursor() as cursor:
        cursor.execute(_LANES, [Lock.LANE])
        return [Lane(*row) for row in cursor.fetchall()]


def _loads() -> list[Load]:
    ending = Lease.objects.filter(until__lt=Now() + SOON).values("pk")
    in_flight = Lease.objects.living().mails().order_by()
    rows = in_flight.values_list("recipient__campaign", "recipient__campaign__name", "sender__email").annotate(
        claimed=Count("pk", filter=Q(status=MessageStatus.CLAIMED)),
        sending=Count("pk", filter=Q(status=MessageStatus.SENDING)),
        ending=Count("pk", filter=Q(lease__in=ending)),
        oldest=Now() - Min("claimed_at"),
    )
    return [
        Load(campaign, name, sender or "", claimed, sending, ending, oldest.total_seconds())
        for campaign, name, sender, claimed, sending, ending, oldest in rows.order_by(F("oldest").desc())[:SHOWN]
    ]


def _paces() -> list[Pace]:
    recent = Message.objects.filter(status=MessageStatus.SENT, sent_at__gt=Now() - PACE_OVER, sender__isnull=False)
    mails = Counter(dict(recent.order_by().values_list("sender").annotate(mails=Count("pk"))))
    open_ones = _connections()
    senders = Sender.objects.in_bulk({*mails, *open_ones}).values()
    paces = [Pace(each.email, open_ones[each.pk], each.max_connections, mails[each.pk]) for each in senders]
    return sorted(paces, key=lambda pace: (-pace.mails, -pace.connections, pace.sender))[:SHOWN]


def _connections() -> Counter[int]:
    """Connections that workers hold, by sender."""
    return Counter(number // MOST for number in held(Lock.CONNECTION))


_LANES = """
SELECT held.objid::bigint, held.pid, coalesce(host(activity.client_addr), 'this machine')
FROM pg_locks held LEFT JOIN pg_stat_activity activity ON activity.pid = held.pid
WHERE held.locktype = 'advisory' AND held.classid = %s AND held.granted
  AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY held.objid
"""
