"""django-q's task cluster as our supervisor runs it: it signs on at once, and ends when its supervisor is gone."""

import os
import signal
from importlib import import_module
from types import FrameType

from django.db import connections
from django_q.cluster import Cluster
from django_q.conf import Conf

from campaigns_project.runtime.stopping import orphaned
from campaigns_project.workers import heartbeat
from campaigns_project.workers.models import WorkerKind
from campaigns_project.workers.stopping import ask_to_stop, is_stopping

LOOK_EVERY = 1.0  # seconds between two looks at the parent
# Loaded once before the fork, and not by every worker process for itself when its first task comes.
TASKS = ("campaigns.tasks", "leads.imports.tasks", "tracking.tasks")


class DrainingCluster(Cluster):
    """Tells its worker processes that it stops, so that they end their tasks early instead of being waited for.

    Asked to stop while the guard process is being forked, when django-q finds nobody to tell yet, it stops right after.
    """

    def start(self) -> int:
        pid = super().start()
        if is_stopping():
            self.stop()
        return pid

    def sig_handler(self, signum: int, frame: FrameType | None) -> None:
        ask_to_stop()
        if self.sentinel is not None:
            super().sig_handler(signum, frame)


def run() -> bool:
    """Work until SIGINT or SIGTERM (what the workers are at is finished first); False when the guard process died."""
    _sign_on()
    for tasks in TASKS:
        import_module(tasks)
    # A timer and no thread: the cluster forks, and a fork takes neither threads nor timers along.
    signal.signal(signal.SIGALRM, _end_when_orphaned)
    signal.setitimer(signal.ITIMER_REAL, LOOK_EVERY, LOOK_EVERY)
    try:
        cluster = DrainingCluster()
        cluster.start()
        guard = cluster.sentinel
        guard.join()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return guard.exitcode == 0


def _sign_on() -> None:
    name = os.environ.setdefault(heartbeat.NAME_VARIABLE, heartbeat.new_name(WorkerKind.QCLUSTER))
    heartbeat.beat(kind=WorkerKind.QCLUSTER, name=name, pid=os.getpid(), capacity=Conf.WORKERS, detail="starting")
    connections.close_all()  # the workers are forked from here and must not share it


def _end_when_orphaned(_number: int, _frame: FrameType | None) -> None:
    if orphaned():
        signal.setitimer(signal.ITIMER_REAL, 0)
        os.kill(os.getpid(), signal.SIGINT)
