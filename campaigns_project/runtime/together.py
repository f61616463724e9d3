"""Several processes as one: their output side by side, and when one ends, all end."""

import io
import os
import shlex
import signal
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from honcho import manager

# honcho kills after 5 s; our worker may need up to 30 to finish what it has in hand.
manager.KILL_WAIT = 40


class Together(manager.Manager):
    """honcho's manager, which also says who ended first and calls `on_start` in a thread once all are started."""

    def __init__(self, *, folder: Path, on_start: Callable[[], None]):
        super().__init__()
        self.folder = folder
        self.on_start = on_start
        self.ended_first = ""  # empty when a signal stopped us

    def add(self, name: str, command: Sequence[str]) -> None:
        """A process to run in `folder`."""
        variables = {**os.environ, "PYTHONUNBUFFERED": "1"}
        # honcho goes through a shell: exec, so that its signals reach the process itself.
        self.add_process(name, f"exec {shlex.join(command)}", env=variables, cwd=str(self.folder))

    def loop(self) -> None:
        """Run all until a signal comes or one ends. A terminal that is closed stops them, unless under nohup."""
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._hang_up)
        super().loop()

    def _hang_up(self, *_: Any) -> None:
        # Else it would end us alone: what honcho starts has a session of its own, and would go on sending.
        self._printer.output = io.StringIO()  # the terminal takes no word any more
        signal.raise_signal(signal.SIGTERM)

    def terminate(self) -> None:
        """Called by honcho when a signal came or a process ended; only the first call means anything."""
        if not self._terminating:
            ended = [name for name, process in self._processes.items() if process.get("returncode") is not None]
            self.ended_first = ended[0] if ended else ""
        super().terminate()

    def _start(self) -> None:
        super()._start()
        # Only now: honcho forks, and a fork does not take threads along.
        threading.Thread(target=self.on_start, daemon=True).start()
