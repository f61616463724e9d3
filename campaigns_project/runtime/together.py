"""Several processes as one: their output side by side, and when one ends, all end."""

import errno
import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from honcho import manager
from honcho.printer import Printer

# honcho kills after 5 s; our worker may need up to 30 to finish what it has in hand.
manager.KILL_WAIT = 40


class Together(manager.Manager):
    """honcho's manager, which also says who ended first and calls `on_start` in a thread once all are started."""

    def __init__(self, *, folder: Path, on_start: Callable[[], None]):
        super().__init__(printer=Printer(_Output(sys.stdout)))
        self.folder = folder
        self.on_start = on_start
        self.ended_first = ""  # empty when a signal stopped us
        self._is_to_end = False  # since before all had begun

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
        signal.raise_signal(signal.SIGTERM)

    def terminate(self) -> None:
        """Called by honcho when a signal came or a process ended; only the first call means anything.

        It cannot end what it has not heard of, and would break off: until then it waits.
        """
        if not super()._all_started():
            self._is_to_end = True
            return
        if not self._terminating:
            ended = [name for name, process in self._processes.items() if process.get("returncode") is not None]
            self.ended_first = ended[0] if ended else ""
        super().terminate()

    def _all_started(self) -> bool:
        """Asked by honcho in every turn of its loop."""
        all_started: bool = super()._all_started()
        if all_started and self._is_to_end:
            self.terminate()
        return all_started

    def _start(self) -> None:
        super()._start()
        # Only now: honcho forks, and a fork does not take threads along.
        threading.Thread(target=self.on_start, daemon=True).start()


class _Output:
    """Where the lines go. Who read them may be gone: then they go nowhere, and all is stopped as by a closed terminal.

    The signal of a terminal that is closed comes a moment before or after.
    """

    def __init__(self, stream: TextIO):
        self._stream = stream
        self.isatty = stream.isatty

    def write(self, text: str) -> None:
        with self._while_it_is_read():
            self._stream.write(text)

    def flush(self) -> None:
        with self._while_it_is_read():
            self._stream.flush()

    @contextmanager
    def _while_it_is_read(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno not in {errno.EIO, errno.EPIPE}:
                raise
            self._stream = Path(os.devnull).open("w")  # noqa: SIM115 - for as long as we run
            signal.raise_signal(signal.SIGTERM)
