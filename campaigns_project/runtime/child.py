"""One process that must always run: started, restarted after growing waits, ended without leaving anything behind."""

import contextlib
import logging
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from campaigns_project.runtime.stopping import SUPERVISOR_VARIABLE, not_stopped_halfway
from campaigns_project.workers import heartbeat

FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0  # seconds before a restart; doubled each time it dies young
GROWN_UP = 60.0  # seconds after which a death counts as the first one again
GRACE = 30.0  # seconds to finish what is in hand before it is killed

log = logging.getLogger(__name__)


class Child:
    """A command in a session of its own; call `step()` about twice a second. Times are monotonic.

    Its own session keeps a Ctrl-C on the terminal from it, and makes one process group of it and all it forks.
    """

    def __init__(self, kind: str, command: Sequence[str], *, stop_signal: signal.Signals, folder: Path):
        self.kind = kind
        self.command = command
        self.stop_signal = stop_signal
        self.folder = folder
        self.name = ""
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self._start_at = 0.0
        self._kill_at: float | None = None
        self._wait = FIRST_WAIT
        self._ending = False

    @property
    def running(self) -> bool:
        """Whether it runs and was not asked to stop."""
        return self.process is not None and self._kill_at is None

    @property
    def gone(self) -> bool:
        return self.process is None

    def step(self) -> None:
        """Do what is due: start it, note that it died, or kill it when its grace is over."""
        now = time.monotonic()
        if self.process is None:
            if not self._ending and now >= self._start_at:
                self._start(now)
        elif self.process.poll() is not None:
            self._clear_up(self.process, now)
        elif self._kill_at is not None and now >= self._kill_at:
            log.warning("%s did not end when asked to; killing it", self.kind)
            self._signal_group(self.process, signal.SIGKILL)

    def restart(self, reason: str) -> None:
        """Stop it; `step()` starts it again. Ignored while it is down or stopping."""
        if self.process is not None and self._kill_at is None:
            log.error("restarting %s (pid %d): %s", self.kind, self.process.pid, reason)
            self._ask_to_stop(self.process)

    def end(self) -> None:
        """Stop it for good; `step()` until it is `gone`."""
        self._ending = True
        if self.process is not None and self._kill_at is None:
            self._ask_to_stop(self.process)

    def kill(self) -> None:
        """End it now, with everything it forked."""
        self._ending = True
        if self.process is not None:
            self._signal_group(self.process, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def _start(self, now: float) -> None:
        self.name = heartbeat.new_name(self.kind)
        variables = {heartbeat.NAME_VARIABLE: self.name, SUPERVISOR_VARIABLE: str(os.getpid())}
        self.started, self._kill_at = now, None
        with not_stopped_halfway():  # or nobody knew of a process that runs already, to end it
            self.process = subprocess.Popen(  # noqa: S603 - our own commands
                self.command,
                cwd=self.folder,
                env={**os.environ, **variables},
                start_new_session=True,
            )
        log.info("started %s (pid %d)", self.kind, self.process.pid)

    def _ask_to_stop(self, process: subprocess.Popen[bytes]) -> None:
        self._kill_at = time.monotonic() + GRACE
        process.send_signal(self.stop_signal)

    def _clear_up(self, process: subprocess.Popen[bytes], now: float) -> None:
        self._signal_group(process, signal.SIGKILL)  # what it forked and left behind would go on uncontrolled
        self.process = None
        if self._kill_at is None:
            wait = FIRST_WAIT if now - self.started > GROWN_UP else self._wait
            log.error(
                "%s (pid %d) ended by itself, %s; starting it again in %.1f s",
                self.kind,
                process.pid,
                _ending_in_words(process.returncode),
                wait,
            )
            self._start_at, self._wait = now + wait, min(wait * 2, LONGEST_WAIT)

    @staticmethod
    def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        # Nobody is left, or (as macOS says it) only zombies are: that is what we want.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)


def _ending_in_words(returncode: int) -> str:
    return f"killed by {signal.Signals(-returncode).name}" if returncode < 0 else f"exit code {returncode}"
