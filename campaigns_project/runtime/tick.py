"""The pulse of the system: once a second the leader does every duty that is due."""

import logging
import os
import time
from collections.abc import Sequence

from django.db import Error, connection

from campaigns_project.runtime.duties import DUTIES, Duty
from campaigns_project.runtime.leadership import Leadership
from campaigns_project.runtime.stopping import orphaned, stop_on_signals
from campaigns_project.workers import heartbeat
from campaigns_project.workers.duty_log import DutyLog
from campaigns_project.workers.models import WorkerKind

TURN = 1.0  # seconds from one turn to the next
BEAT_EVERY = 2.0  # seconds between heartbeats

log = logging.getLogger(__name__)


class Tick:
    """One of possibly many ticks; only the leader works, the others stand by to take over within a turn."""

    def __init__(self, duties: Sequence[Duty] = DUTIES):
        self.name = heartbeat.own_name(WorkerKind.TICK)
        self.duties = duties
        self._leadership = Leadership()
        self._log = DutyLog()
        self._state = ""
        self._next_beat = 0.0
        self._due_at = dict.fromkeys((duty.name for duty in duties), 0.0)

    def run(self) -> None:
        """Turn until SIGTERM, SIGINT or the end of our supervisor."""
        stop_on_signals()
        try:
            while not orphaned():
                begun = time.monotonic()
                self.turn()
                time.sleep(max(0.0, begun + TURN - time.monotonic()))
        except KeyboardInterrupt:
            log.info("tick stops")
        finally:
            self._leadership.give_up()

    def turn(self) -> None:
        """One turn. Without the database it does nothing but say so, once; the next turn tries again."""
        try:
            leads = self._leadership.held()
            state = "leading" if leads else "standing by"
            self._beat(state)
            self._become(state)
            if leads:
                self._work()
        except Error as error:
            self._become(f"without database: {str(error).strip()}")
            self._leadership.give_up()
            connection.close()

    def _work(self) -> None:
        for duty in self.duties:
            if time.monotonic() >= self._due_at[duty.name]:
                self._due_at[duty.name] = (
                    time.monotonic() + duty.every_seconds - TURN / 10
                )  # a turn early beats one late
                self._perform(duty)
                self._beat(self._state)

    def _perform(self, duty: Duty) -> None:
        begun, failed = time.monotonic(), None
        try:
            duty.run()
        except Exception as error:  # one broken duty must not keep the others from theirs
            log.exception("duty %s failed", duty.name)
            failed = error
            if isinstance(error, Error):
                connection.close()
        self._log.note(duty.name, every_seconds=duty.every_seconds, begun=begun, error=failed)

    def _beat(self, state: str) -> None:
        if time.monotonic() >= self._next_beat:
            heartbeat.beat(kind=WorkerKind.TICK, name=self.name, pid=os.getpid(), detail=state)
            self._log.write()
            self._next_beat = time.monotonic() + BEAT_EVERY

    def _become(self, state: str) -> None:
        if state != self._state:
            log.info("tick is %s", state)
            self._state = state
