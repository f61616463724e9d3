"""Get lanes going: called every second by the one leader among the ticks."""

import time
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from campaigns.locks import Lock, held
from campaigns.sending.work import due_campaigns
from campaigns.task_names import SEND
from campaigns_project.workers import heartbeat
from campaigns_project.workers.broker import SENDING
from campaigns_project.workers.models import WorkerKind
from campaigns_project.workers.queue import queue_state

SEEN_WITHIN = timedelta(minutes=1)
PATIENCE = 2.0  # seconds a queued task gets to take up its lane before it is queued again

_queued_at: dict[int, float] = {}


def dispatch() -> int:
    """Queue a sending task for every lane nobody works on, while something is due; returns how many were queued.

    There are as many lanes as the living clusters have worker processes. A task too many does no harm: it finds its
    lane taken, or nothing due.
    """
    if not due_campaigns(now=timezone.now()):
        return 0
    lanes = sum(row.capacity for row in heartbeat.alive(WorkerKind.QCLUSTER, SEEN_WITHIN)) or 1
    if queue_state(SENDING).waiting >= 2 * lanes:
        return 0
    taken = held(Lock.LANE)
    idle = [lane for lane in range(lanes) if lane not in taken and _is_worth_queueing(lane)]
    for lane in idle:
        enqueue(lane)
        _queued_at[lane] = time.monotonic()
    return len(idle)


def enqueue(lane: int) -> None:
    """Queue one turn of `lane`, once the present transaction has committed."""
    options = {"task_name": f"send lane {lane}", "cluster": SENDING}
    transaction.on_commit(partial(async_task, SEND, lane, q_options=options))


def _is_worth_queueing(lane: int) -> bool:
    return time.monotonic() - _queued_at.get(lane, -PATIENCE) >= PATIENCE
