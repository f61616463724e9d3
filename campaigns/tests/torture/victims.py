"""Who is killed, and when: at random, as the rows show a state, or at a point of the conversation with the server."""

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import psutil

from campaigns.models import Message
from campaigns.tests.torture.relay import Relay
from campaigns.tests.torture.server import POINTS

SECONDS = 2.0  # that one waits for a moment to come
STATES = ("claimed", "sending")
MOMENTS = ("random", *STATES, *POINTS)


@dataclass
class Killer:
    """Kills what runs below `parents`, and nobody else; `kills` by moment, and how many `connections` were hit."""

    parents: Sequence[psutil.Process]
    relay: Relay
    chance: random.Random
    kills: Counter[str] = field(default_factory=Counter)
    connections: int = 0

    def kill(self) -> bool:
        """One SIGKILL; False when the moment that was chosen did not come."""
        moment = self.chance.choice(MOMENTS)
        if moment in POINTS:
            return self._kill_at(moment)
        if moment in STATES and not self._comes_about(moment):
            return False
        workers = self._workers()
        return bool(workers) and self._kill(self.chance.choice(workers), moment)

    def count_connections(self) -> None:
        """Count those of all workers, at something that hits all of them."""
        self.connections += sum(len(self._ports(worker)) for worker in self._workers())

    def _workers(self) -> list[psutil.Process]:
        return [worker for parent in self.parents for worker in parent.children(recursive=True)]

    def _kill_at(self, point: str) -> bool:
        with self.relay.held_at(point, seconds=SECONDS) as port:
            owner = next((worker for worker in self._workers() if port in self._ports(worker)), None)
            return owner is not None and self._kill(owner, point)

    def _kill(self, worker: psutil.Process, moment: str) -> bool:
        try:
            # Stopped first, so that the count of its connections is the one at its death.
            worker.suspend()
            self.connections += len(self._ports(worker))
            os.kill(worker.pid, signal.SIGKILL)
        except (psutil.NoSuchProcess, ProcessLookupError):
            return False
        self.kills[moment] += 1
        return True

    def _ports(self, worker: psutil.Process) -> set[int]:
        with contextlib.suppress(psutil.NoSuchProcess):
            open_ones = worker.net_connections(kind="tcp")
            return {one.laddr.port for one in open_ones if one.raddr and one.raddr.port == self.relay.port}
        return set()

    @staticmethod
    def _comes_about(status: str) -> bool:
        ends = time.monotonic() + SECONDS
        while not Message.objects.filter(status=status).exists():
            if time.monotonic() > ends:
                return False
            time.sleep(0.002)
        return True
