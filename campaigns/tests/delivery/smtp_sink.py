"""Postfix's smtp-sink, a server nobody here wrote. Debian package postfix; its service need not run."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaigns.delivery.server import Security, SmtpServer

SINK = shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/libexec/postfix")
needs_sink = pytest.mark.skipif(SINK is None, reason="smtp-sink is not installed (Debian package postfix)")


@contextlib.contextmanager
def sink(*options: str, folder: Path) -> Iterator[SmtpServer]:
    """smtp-sink on a free port; every mail it takes becomes a file in `folder`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # It refuses to run as root; the files it writes are then another user's.
    user = ["-u", pwd.getpwnam("nobody").pw_name] if os.geteuid() == 0 else []
    folder.chmod(0o777)
    command = [SINK, *user, *options, "-d", "mail.%M.", f"127.0.0.1:{port}", "50"]
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE)
    try:
        _wait_for(port, process)
        yield SmtpServer(host="127.0.0.1", port=port, security=Security.NONE)
    finally:
        process.terminate()
        process.communicate(timeout=10)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + 10
    while time.monotonic() < ends and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise AssertionError(f"smtp-sink did not start: {process.communicate(timeout=5)[1]!r}")


def reachable_folder(tmp_path: Path) -> Path:
    """A folder the sink may write to: as root it runs as nobody, who must be able to get there."""
    for parent in (tmp_path, *tmp_path.parents[:2]):
        with contextlib.suppress(PermissionError):
            parent.chmod(parent.stat().st_mode | 0o711)
    inner = tmp_path / "mails"
    inner.mkdir()
    return inner
