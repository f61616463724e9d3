"""The task queue from outside: how much waits, and for how long."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from django.core.signing import b62_decode
from django.db.models import Count, Min, Q
from django.db.models.functions import Now
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.tasks import async_task

from campaigns_project.database.streaming import streamed
from campaigns_project.workers.broker import GIVEN_BACK_FOR, KEYS, Later, signed_by_us

ECHO_SECONDS = 10  # an echo does nothing, so it may not take longer
ENOUGH_ECHOES = 20  # while nobody works, the queue must not fill with them
UNREADABLE_FOR = timedelta(days=1)  # so long machines may have different keys, while these are changed


@dataclass(frozen=True)
class QueueState:
    """`waiting` tasks nobody has claimed, `claimed` ones in work, and for how long the oldest has waited."""

    waiting: int
    claimed: int
    oldest_wait: timedelta


def queue_state(*keys: str) -> QueueState:
    """Count the queue, or the tasks with these keys alone.

    django-q keeps in `lock` the time since, or until, which a task is free or taken.
    """
    free = Q(lock__lte=Now())
    counts = OrmQ.objects.filter(key__in=keys or KEYS).aggregate(
        waiting=Count("pk", filter=free),
        claimed=Count("pk", filter=~free),
        oldest_wait=Now() - Min("lock", filter=free),
    )
    return QueueState(counts["waiting"], counts["claimed"], counts["oldest_wait"] or timedelta())


def queue_later(task: str, subject: int, *, after: timedelta) -> None:
    """Queue `task` for the row of this key; no worker takes it before `after` is over."""
    async_task(task, subject, q_options={"task_name": f"{task.rpartition('.')[2]} {subject}", "broker": Later(after)})


def enqueue_echo() -> bool:
    """Queue a task that does nothing: whoever works it is alive. False while enough tasks wait that we can work.

    Those under a key that nobody has stay: counted, they would end all signs of life of an idle cluster.
    """
    tasks = streamed(OrmQ.objects.filter(key=Conf.CLUSTER_NAME), size=ENOUGH_ECHOES * 10)
    with closing(tasks):
        if sum(1 for _ in islice(filter(signed_by_us, tasks), ENOUGH_ECHOES)) >= ENOUGH_ECHOES:
            return False
    async_task("campaigns_project.workers.tasks.echo", q_options={"timeout": ECHO_SECONDS, "task_name": "echo"})
    return True


def unreadable_tasks() -> Iterator[int]:
    """Keys of the tasks signed more than a day ago with a SECRET_KEY we have not, and of those nobody ever signed."""
    before = (timezone.now() - UNREADABLE_FOR).timestamp()
    for queued in streamed(OrmQ.objects.filter(key__in=KEYS, lock__lte=Now() + GIVEN_BACK_FOR).order_by("pk")):
        if signed_by_us(queued) is None and _signed_at(queued.payload) < before:
            yield queued.pk


def _signed_at(payload: str) -> float:
    """What it says of itself, seconds since 1970: there is no key to prove it with. 0 where it says nothing."""
    match payload.rsplit(":", 2):
        case [_, said, _] if said.isascii() and said.isalnum():
            return b62_decode(said)
    return 0
