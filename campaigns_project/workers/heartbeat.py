"""Signs of life. The database's clock decides, so that no machine has to trust another one's."""

import os
import secrets
import socket
from datetime import timedelta

from django.db.models import DurationField, ExpressionWrapper, F, QuerySet
from django.db.models.functions import Now

from campaigns_project.workers.models import WorkerHeartbeat, WorkerKind

NAME_VARIABLE = "FAIRLEAD_WORKER_NAME"  # given by the supervisor to what it starts, so that it can find its row
FORGET_AFTER = timedelta(days=1)  # long enough to see in the morning who died in the night
# A supervisor beats every 5 s, a tick every 2; a cluster with every task it takes up, and not while it is busy.
SILENT_AFTER = {
    WorkerKind.SUPERVISOR: timedelta(seconds=20),
    WorkerKind.TICK: timedelta(seconds=15),
    WorkerKind.QCLUSTER: timedelta(minutes=3),
}
AGE = ExpressionWrapper(Now() - F("seen_at"), output_field=DurationField())


def new_name(kind: str) -> str:
    """A name no other process has, on this machine or on another that calls itself the same."""
    return f"{kind}@{socket.gethostname()}-{secrets.token_hex(3)}"


def own_name(kind: str) -> str:
    """The name our supervisor gave this process; a new one where it runs without."""
    return os.environ.get(NAME_VARIABLE) or new_name(kind)


def beat(
    *, kind: str, name: str, pid: int, capacity: int = 0, detail: str = "", busy_for: timedelta | None = None
) -> None:
    """Note that `name` is alive now; `busy_for` says how long its present task may still take (None: it is free)."""
    row = WorkerHeartbeat(
        name=name,
        kind=kind,
        host=socket.gethostname(),
        pid=pid,
        capacity=capacity,
        started_at=Now(),
        seen_at=Now(),
        busy_until=None if busy_for is None else Now() + busy_for,
        detail=detail,
    )
    WorkerHeartbeat.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["seen_at", "busy_until", "detail"],  # pid and start are those of the first beat
    )


def alive(kind: str, within: timedelta) -> QuerySet[WorkerHeartbeat]:
    """Those of one kind seen no longer ago than `within`, each with its `age`."""
    return WorkerHeartbeat.objects.filter(kind=kind).annotate(age=AGE).filter(age__lte=within)


def leave(name: str) -> None:
    """Strike off a process that ended as it should."""
    WorkerHeartbeat.objects.filter(name=name).delete()


def forget_the_dead() -> int:
    """Remove the rows of processes that ended without saying so, a day after; answers how many."""
    return WorkerHeartbeat.objects.filter(seen_at__lt=Now() - FORGET_AFTER).delete()[0]
