"""Real processes: small Python programs that behave, misbehave and die."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from campaigns_project.runtime import child as child_module
from campaigns_project.runtime.child import Child
from campaigns_project.tests.processes import living, wait_until

SLEEPS = [sys.executable, "-c", "import time; time.sleep(600)"]
ENDS = [sys.executable, "-c", "raise SystemExit(3)"]
# Ignores what it is asked, and has a child of its own that does so too.
STUBBORN = [
    sys.executable,
    "-c",
    "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); os.fork(); "
    "open('ready-%d' % os.getpid(), 'w'); time.sleep(600)",
]


@pytest.fixture
def start(tmp_path: Path) -> Iterator:
    children: list[Child] = []

    def _start(command: list[str]) -> Child:
        child = Child("tick", command, stop_signal=signal.SIGTERM, folder=tmp_path)
        children.append(child)
        child.step()
        return child

    yield _start
    for child in children:
        child.kill()


def step_until(child: Child, condition, what: str) -> None:
    def stepped() -> bool:
        child.step()
        return condition()

    wait_until(stepped, what)


def test_a_child_that_died_is_started_again_under_a_new_name(start):
    child = start(SLEEPS)
    first, name = child.process.pid, child.name

    child.process.kill()

    step_until(child, lambda: child.process is not None and child.process.pid != first, "it runs again")
    assert child.name != name


def test_asked_to_stop_at_any_moment_of_a_start_it_leaves_nothing_behind(tmp_path: Path):
    for after in range(0, 6_000, 300):  # microseconds: before, in and after it
        child = Child("tick", SLEEPS, stop_signal=signal.SIGTERM, folder=tmp_path)
        asked = threading.Timer(after / 1e6, os.kill, [os.getpid(), signal.SIGINT])
        with pytest.raises(KeyboardInterrupt):
            asked.start()
            child.step()
            asked.join()
            time.sleep(60)

        child.kill()

    left = [each for each in psutil.Process().children() if each.cmdline() == SLEEPS]
    for each in left:
        each.kill()
    assert not left


def test_the_waits_before_a_restart_grow(start, caplog: pytest.LogCaptureFixture):
    child = start(ENDS)

    step_until(child, lambda: len(caplog.messages) >= 3 and "2.0 s" in caplog.text, "it died three times")

    deaths = [message for message in caplog.messages if "ended by itself" in message]
    assert [message.rsplit(" in ", 1)[1] for message in deaths[:3]] == ["0.5 s", "1.0 s", "2.0 s"]
    assert "exit code 3" in deaths[0]


def test_a_child_asked_to_stop_ends_for_good(start):
    child = start(SLEEPS)

    child.end()

    step_until(child, lambda: child.gone, "it ended")
    child.step()
    assert child.gone


def test_a_child_that_will_not_stop_is_killed_with_all_it_forked(start, tmp_path, monkeypatch):
    monkeypatch.setattr(child_module, "GRACE", 0.2)
    child = start(STUBBORN)
    wait_until(lambda: len(list(tmp_path.glob("ready-*"))) == 2, "both processes are up")
    both = [psutil.Process(int(path.name.removeprefix("ready-"))) for path in tmp_path.glob("ready-*")]

    child.end()
    time.sleep(0.1)
    child.step()
    assert not child.gone  # it has its grace

    step_until(child, lambda: child.gone, "it was killed")
    wait_until(lambda: not living(both), "what it forked is gone too")


def test_a_restart_stops_it_and_starts_it_again(start, caplog: pytest.LogCaptureFixture):
    child = start(SLEEPS)
    first = child.process.pid

    child.restart("no heartbeat for 61 s")

    step_until(child, lambda: child.process is not None and child.process.pid != first, "it runs again")
    assert "no heartbeat for 61 s" in caplog.text
    assert "ended by itself" not in caplog.text
