"""Postfix's smtp-sink, which takes mails and forgets them, and smtp-source, which sends them as fast as it can."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SESSIONS = 16
BODY = 10_240  # bytes
LISTENS_WITHIN = 10.0  # seconds
LIMIT = 600.0  # seconds that one run of smtp-source may take


class Sink:
    """A running smtp-sink; `mails()` is its own count of what it has taken."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, counter: Path):
        self.process = process
        self.port = port
        self._counter = counter

    def mails(self) -> int:
        """How many mails arrived since it was started."""
        said = self._counter.read_bytes()[-200:].decode()
        found = re.findall(r"mesg=(\d+)", said)
        return int(found[-1]) if found else 0


@contextmanager
def sink(folder: Path) -> Iterator[Sink]:
    """An smtp-sink on a free port of the loopback interface, with its count in `folder`; ended at the end."""
    port, counter = _free_port(), folder / "sink-count"
    # It refuses to run as root, and -c, its running count, costs nothing that could be measured.
    identity = ["-u", "nobody"] if os.geteuid() == 0 else []
    with counter.open("wb") as file:
        process = subprocess.Popen([_tool("smtp-sink"), *identity, "-c", f"127.0.0.1:{port}", "1000"], stdout=file)
        try:
            _wait_until_it_listens(process, port)
            yield Sink(process, port, counter)
        finally:
            process.terminate()
            process.wait()


def source(port: int, mails: int) -> float:
    """Mails a second of smtp-source: SESSIONS sessions, each kept open, bodies of BODY bytes."""
    command = [_tool("smtp-source"), "-d", "-s", str(SESSIONS), "-l", str(BODY), "-m", str(mails), f"127.0.0.1:{port}"]
    began = time.perf_counter()
    subprocess.run(command, check=True, timeout=LIMIT)
    return mails / (time.perf_counter() - began)


def _tool(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise SystemExit(f"{name} is missing: install Postfix's tools (the package `postfix`; it need not run).")
    return found


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + LISTENS_WITHIN
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise SystemExit("smtp-sink did not start.")
