"""Who used the processor, while something ran: by kind of process, Postgres told by the name of its database."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil  # type: ignore[import-untyped]

EVERY = 0.25  # seconds between two looks; what a process used behind its last one is missed


class Usage:
    """Seconds of processor time used by Postgres' own processes and by others that were named."""

    def __init__(self, database: str, others: dict[str, int]):
        self._database = database
        self._others = others
        self._first: dict[tuple[str, int], float] = {}
        self._last: dict[tuple[str, int], float] = {}

    def look(self) -> None:
        """Note where every process stands."""
        is_first = not self._last
        for kind, number, used in self._standing():
            self._first.setdefault((kind, number), used if is_first else 0.0)
            self._last[kind, number] = used

    def seconds(self) -> dict[str, float]:
        """Used between the first and the last look, by kind."""
        total: dict[str, float] = {}
        for key, used in self._last.items():
            total[key[0]] = total.get(key[0], 0.0) + used - self._first[key]
        return total

    def _standing(self) -> Iterator[tuple[str, int, float]]:
        numbers = {number: kind for kind, number in self._others.items()}
        for process in psutil.process_iter():
            try:
                kind = numbers.get(process.pid) or self._kind(process)
                if kind:
                    times = process.cpu_times()
                    yield kind, process.pid, times.user + times.system
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                continue

    def _kind(self, process: psutil.Process) -> str:
        if process.pid == os.getpid():
            return ""
        title = " ".join(process.cmdline())
        return "postgres" if title.startswith("postgres:") and f" {self._database} " in title else ""


@contextmanager
def watched(database: str, **others: int) -> Iterator[Usage]:
    """Watch the sessions of `database` and the processes named with their numbers, as long as the block runs."""
    usage, over = Usage(database, others), threading.Event()

    def watch() -> None:
        while not over.wait(EVERY):
            usage.look()

    usage.look()
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield usage
    finally:
        over.set()
        watcher.join()
        usage.look()
