"""Keep the task cluster and the tick alive on this machine; any number of machines may do so for one database."""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from django.db import Error, connection
from django_q.conf import Conf

from campaigns_project.database.identity import configured
from campaigns_project.errors import StateRefused
from campaigns_project.runtime.child import Child
from campaigns_project.runtime.stopping import stop_on_signals
from campaigns_project.runtime.watch import Watch
from campaigns_project.workers import heartbeat, keys
from campaigns_project.workers.models import WorkerKind

STEP = 0.25  # seconds between two looks at the children
MANAGE = (sys.executable, "manage.py")  # in the folder of the children
WATCH_EVERY = 5.0  # seconds between two looks at their heartbeats, and between two of our own

log = logging.getLogger(__name__)


class Supervisor:
    """Starts its children, restarts what died or hangs, and takes all of them along when it ends."""

    def __init__(self, *, folder: Path):
        self.name = heartbeat.new_name(WorkerKind.SUPERVISOR)
        self.children = (
            Child(WorkerKind.QCLUSTER, [*MANAGE, "run_cluster"], stop_signal=signal.SIGINT, folder=folder),
            Child(WorkerKind.TICK, [*MANAGE, "tick"], stop_signal=signal.SIGTERM, folder=folder),
        )
        self._watches = [Watch(child) for child in self.children]
        self._next_watch = 0.0
        self._sees_database = True

    def register(self) -> None:
        """Give the first sign of life; StateRefused, and it is taken back, where a worker with other keys was first."""
        self._beat()
        try:
            keys.require_first(self.name)
        except StateRefused:
            heartbeat.leave(self.name)
            raise

    def run(self) -> None:
        """Supervise until SIGTERM or SIGINT; a second signal does not wait for what is in hand."""
        log.info("supervising with database %s", configured())
        stop_on_signals()
        try:
            while True:
                self._step()
                time.sleep(STEP)
        except KeyboardInterrupt:
            log.info("stopping; work in hand is finished first")
            self._end_children()
        finally:
            for child in self.children:
                child.kill()
        self._with_database(partial(heartbeat.leave, self.name))

    def _step(self) -> None:
        for child in self.children:
            child.step()
        if time.monotonic() >= self._next_watch:
            self._next_watch = time.monotonic() + WATCH_EVERY
            self._with_database(self._watch)

    def _beat(self) -> None:
        heartbeat.beat(
            kind=WorkerKind.SUPERVISOR,
            name=self.name,
            pid=os.getpid(),
            capacity=Conf.WORKERS,
            detail=keys.in_use(),
        )

    def _watch(self) -> None:
        self._beat()
        heartbeat.forget_the_dead()
        for watch in self._watches:
            reason = watch.verdict(now=time.monotonic())
            if reason:
                watch.child.restart(reason)

    def _with_database(self, act: Callable[[], None]) -> None:
        """Without the database nobody can be judged: say so once, and begin anew when it is back."""
        try:
            act()
        except Error as error:
            if self._sees_database:
                log.error("the database cannot be reached: %s", str(error).strip())
            self._sees_database = False
            connection.close()
            for watch in self._watches:
                watch.begin_anew(now=time.monotonic())
        else:
            if not self._sees_database:
                log.info("the database is back")
            self._sees_database = True

    def _end_children(self) -> None:
        for child in self.children:
            child.end()
        try:
            while not all(child.gone for child in self.children):
                for child in self.children:
                    child.step()
                time.sleep(STEP / 5)
        except KeyboardInterrupt:
            log.warning("stopping at once")
            return
        for child in self.children:
            self._with_database(partial(heartbeat.leave, child.name))
