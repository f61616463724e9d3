"""Starting our own commands beside a test, on the test's database, and waiting for what they do."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import psutil
from django.conf import settings
from django.db import connection

PATIENCE = 60.0  # seconds: two busy cores make everything slow


def database_url() -> str:
    """The address of the database this test uses."""
    given = connection.settings_dict
    user = quote(given["USER"]) + (f":{quote(given['PASSWORD'])}" if given["PASSWORD"] else "")
    if given["HOST"].startswith("/"):
        return f"postgresql://{user}@:{given['PORT']}/{quote(given['HOST'])}/{given['NAME']}"
    return f"postgresql://{user}@{given['HOST']}:{given['PORT']}/{given['NAME']}"


def environment(**more: str) -> dict[str, str]:
    """What a command needs to work on this test's database."""
    ours = {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "campaigns_project.settings.test"}
    return {**os.environ, **ours, "PYTHONUNBUFFERED": "1", **more}


@contextlib.contextmanager
def started(*arguments: str, log: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python command of ours, its output in `log`; ended with all it started when the block is left."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=settings.BASE_DIR,
            env=environment(**more),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    family: list[psutil.Process] = []
    try:
        yield process
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            family = psutil.Process(process.pid).children(recursive=True)
        for member in [*family, psutil.Process(process.pid)] if process.poll() is None else family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        process.wait()


def family_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The process and all it started."""
    parent = psutil.Process(process.pid)
    return [parent, *parent.children(recursive=True)]


def living(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; a zombie does not."""
    return [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def wait_until(condition: Callable[[], object], what: str, log: Path | None = None) -> None:
    """Return as soon as the condition holds; fail saying what was awaited, and what the log says."""
    until = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"waited in vain until {what}\n{log.read_text()[-12_000:] if log else ''}")
        time.sleep(0.05)


def stop(process: subprocess.Popen[bytes], number: signal.Signals) -> int:
    """Send the signal and wait for the end; answers the exit code."""
    process.send_signal(number)
    return process.wait(timeout=PATIENCE)


def free_port() -> int:
    """A port nobody listens on now. Below those the system deals out itself, to a connection that begins meanwhile."""
    while True:
        port = random.SystemRandom().randrange(15_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
