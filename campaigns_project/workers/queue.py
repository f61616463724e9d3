"""The task queue from outside: how much waits, and for how long."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Min, Q
from django.db.models.functions import Now
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.tasks import async_task

from campaigns_project.workers.broker import KEYS, Later

ECHO_SECONDS = 10  # an echo does nothing, so it may not take longer
ENOUGH_ECHOES = 20  # while nobody works, the queue must not fill with them


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
    """Queue a task that does nothing: whoever works it is alive. False while enough of them wait already."""
    if OrmQ.objects.filter(key=Conf.CLUSTER_NAME)[:ENOUGH_ECHOES].count() >= ENOUGH_ECHOES:
        return False
    async_task("campaigns_project.workers.tasks.echo", q_options={"timeout": ECHO_SECONDS, "task_name": "echo"})
    return True
