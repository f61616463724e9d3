"""What `make run` starts ends with it."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

from campaigns_project.tests.processes import PATIENCE, wait_until

TOGETHER = """
import os, signal, sys
from pathlib import Path
from campaigns_project.runtime.together import Together

together = Together(folder=Path.cwd(), on_start=lambda: {on_start})
together.add("part", ["sh", "-c", "echo $$ > " + sys.argv[1] + "; exec sleep 600"])
together.loop()
"""


def test_a_terminal_that_is_closed_takes_what_was_started_in_it_along(tmp_path: Path) -> None:
    written = tmp_path / "pid"
    terminal, within = pty.openpty()
    command = [sys.executable, "-c", TOGETHER.format(on_start=None), str(written)]
    starter = subprocess.Popen(command, stdout=within, stderr=within)
    os.close(within)
    wait_until(lambda: written.exists() and written.read_text().endswith("\n"), "the part has not begun")
    part = int(written.read_text())

    os.close(terminal)
    starter.send_signal(signal.SIGHUP)  # as the kernel does for the terminal of a session
    starter.wait(PATIENCE)

    assert not Path(f"/proc/{part}").exists()


def test_whoever_stops_it_at_once_is_obeyed_once_all_have_begun(tmp_path: Path) -> None:
    written = tmp_path / "pid"
    at_once = TOGETHER.format(on_start="os.kill(os.getpid(), signal.SIGTERM)")

    ended = subprocess.run([sys.executable, "-c", at_once, str(written)], capture_output=True, text=True, check=True)

    assert "sending SIGTERM to part" in ended.stdout
    part = written.read_text().strip() if written.exists() else ""
    assert not part or not Path(f"/proc/{part}").exists()
