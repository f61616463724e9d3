"""What `make run` starts ends with it."""

import os
import pty
import sys
from pathlib import Path

from campaigns_project.tests.processes import wait_until

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
    starter, terminal = pty.fork()
    if starter == 0:
        os.execv(sys.executable, [sys.executable, "-c", TOGETHER, str(written)])
    wait_until(lambda: written.exists() and written.read_text().endswith("\n"), "the part has not begun")
    part = int(written.read_text())

    os.close(terminal)
    os.waitpid(starter, 0)

    assert not Path(f"/proc/{part}").exists()
