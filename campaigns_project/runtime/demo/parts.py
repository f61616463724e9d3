"""Web, worker and mailbox for the time the demo takes: what runs already is used, what does not is started."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from campaigns_project.errors import StateRefused
from campaigns_project.runtime import welcome
from campaigns_project.runtime.mailbox.identity import name_of
from campaigns_project.runtime.ports import Port, refuse_taken
from campaigns_project.runtime.serve import web_command
from campaigns_project.runtime.stopping import not_stopped_halfway
from campaigns_project.workers import heartbeat
from campaigns_project.workers.models import WorkerKind

START_WITHIN = 60.0  # seconds for a part to answer
STOP_WITHIN = 45.0  # seconds for a part to end: the worker may have 30 s of work in hand
RECENT = timedelta(seconds=4)  # a tick beats every second


@dataclass(frozen=True)
class Part:
    """One of the three: how to see that it runs, and how to start it."""

    name: str
    answers: Callable[[], bool]
    command: Sequence[str]
    port: Port | None = None


@contextmanager
def running(*, say: Callable[[str], None]) -> Iterator[None]:
    """Have all three running; what was started here is stopped at the end, whatever happened in between."""
    if not settings.SANDBOX:
        raise StateRefused("not_a_sandbox", "The demo runs only while SANDBOX is on: it writes to made-up people.")
    with contextlib.ExitStack() as started:
        for part in _parts():
            if part.answers():
                say(f"{part.name}: runs already")
                continue
            if part.port is not None:
                refuse_taken([part.port])
            say(f"{part.name}: starting it for the time this takes")
            started.enter_context(_process(part))
        yield


def _parts() -> list[Part]:
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
    web = Port("The web", settings.WEB_HOST, settings.WEB_PORT, "WEB_PORT")
    mailbox = Port("The mailbox", settings.SANDBOX_SMTP_HOST, settings.SANDBOX_SMTP_PORT, "MAILBOX_PORT")
    return [
        Part("mailbox", _mailbox_answers, [*manage, "run_mailbox"], mailbox),
        Part("web", _web_answers, web_command(), web),
        Part("worker", _worker_answers, [*manage, "run_worker"]),
    ]


@contextmanager
def _process(part: Part) -> Iterator[None]:
    log, process = _log_file(part.name), None
    try:
        with log.open("ab") as output, not_stopped_halfway():
            process = subprocess.Popen(  # noqa: S603 - our own commands
                part.command,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                cwd=settings.BASE_DIR,
                start_new_session=True,  # a Ctrl-C is ours to handle: we stop it in order
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        _wait_for(part, process, log)
        yield
    finally:
        if process is not None:
            _stop(process)


def _wait_for(part: Part, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_WITHIN
    while not part.answers():
        if process.poll() is not None:
            raise StateRefused(f"{part.name}_ended", f"The {part.name} ended at once.", f"{log} says why.")
        if time.monotonic() > until:
            raise StateRefused(f"{part.name}_silent", f"The {part.name} did not answer in time.", f"See {log}.")
        time.sleep(0.2)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=STOP_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _log_file(name: str) -> Path:
    folder = Path(settings.VAR_DIR) / "log"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"demo-{name}.log"


def _web_answers() -> bool:
    return welcome.is_ours(host=settings.WEB_HOST, port=settings.WEB_PORT)


def _worker_answers() -> bool:
    return all(heartbeat.alive(kind, RECENT * 3).exists() for kind in (WorkerKind.TICK, WorkerKind.QCLUSTER))


def _mailbox_answers() -> bool:
    address = (settings.SANDBOX_SMTP_HOST, settings.SANDBOX_SMTP_PORT)
    try:
        with socket.create_connection(address, timeout=2) as connection:
            greeting = connection.recv(512).decode("ascii", "replace")
    except OSError:
        return False
    return name_of(settings.MAILBOX_DIR) in greeting
