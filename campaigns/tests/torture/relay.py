"""The counting server as a test holds it: started, asked to hold conversations, its log read."""

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from django.conf import settings


@dataclass(frozen=True)
class Taken:
    """A mail the server took: the first byte of its content came at `began_at` (seconds since 1970)."""

    id: str
    subject: str
    to: str
    began_at: float
    taken_at: float


class Relay:
    """Runs for the length of its `with` block."""

    def __init__(self, folder: Path, *, seconds: float = 0.0):
        self.log = folder / "taken.jsonl"
        self.log.touch()
        self._command = [sys.executable, "-m", "campaigns.tests.torture.server", str(self.log), str(seconds)]
        self._said: queue.Queue[str] = queue.Queue()

    def __enter__(self) -> Self:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(self._command, cwd=settings.BASE_DIR, stdin=pipe, stdout=pipe, text=True)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self.port = int(self._said.get(timeout=30))
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    @contextlib.contextmanager
    def held_at(self, point: str, *, seconds: float) -> Iterator[int | None]:
        """Hold the next conversation at `point`; its client's port, or None when none got there within `seconds`."""
        self._order(f"stop {point}")
        try:
            with contextlib.suppress(queue.Empty):
                yield int(self._said.get(timeout=seconds).rpartition(" ")[2])
                return
            yield None
        finally:
            self._order("go")
            with contextlib.suppress(queue.Empty):  # one that got there just as we gave up
                self._said.get_nowait()

    def taken(self) -> list[Taken]:
        """What it has taken so far, in order."""
        rows: list[dict[str, Any]] = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [Taken(**row) for row in rows]

    def _order(self, words: str) -> None:
        self._process.stdin.write(f"{words}\n")
        self._process.stdin.flush()

    def _listen(self) -> None:
        for line in self._process.stdout:
            self._said.put(line.strip())
