"""What `make run` starts ends with it."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

from campaigns_project.tests.processes import PATIENCE, wait_until

TOGETHER = """
import sys
from pathlib import Path
from campaigns_project.runtime.together import Together

together = Together(folder=Path.cwd(), on_start=lambda: None)
together.add("part", ["sh", "-c", f"echo $$ > {sys.argv[1]}; exec sleep 600"])
together.loop()
"""


def test_a_terminal_that_is_closed_takes_what_was_started_in_it_along(tmp_path: Path) -> None:
    written = tmp_path / "pid"
    terminal, within = pty.openpty()
    starter = subprocess.Popen([sys.executable, "-c", TOGETHER, str(written)], stdout=within, stderr=within)
    os.close(within)
    wait_until(lambda: written.exists() and written.read_text().endswith("\n"), "the part has not begun")
    part = int(written.read_text())

    os.close(terminal)
    starter.send_signal(signal.SIGHUP)  # as the kernel does for the terminal of a session
    starter.wait(PATIENCE)

    assert not Path(f"/proc/{part}").exists()
