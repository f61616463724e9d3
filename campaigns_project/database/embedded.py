"""The Postgres 18 that comes with Fairlead, under `var/postgres`, used only where DATABASE_URL is unset.

The settings call `url()`, so this module reads the environment itself and never touches Django's settings.
"""

import contextlib
import hashlib
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg

from campaigns_project.database.errors import EmbeddedUnavailable

if TYPE_CHECKING:
    from campaigns_project.database.server import EmbeddedServer

DATABASE = "fairlead"
CREATE_LOCK = 0x666C6462  # "fldb": one process at a time looks for the database and makes it
CONNECT_SECONDS = 10
MEMORY = Path("/dev/shm")  # noqa: S108 - whose the folder in it is, is checked
ROOM_IN_MEMORY = 4 * 1024**3  # bytes that must be free there: tests leave most of it so, and Docker gives 64 MB
# Nothing waits for a disk, and a database is copied as files.
FORGETTING = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "128MB",
}
OTHER_WAYS = "Or set DATABASE_URL to a Postgres of yours (15 or newer), or VAR_DIR to another folder."


def url() -> str:
    """Start or join the server and give its address; safe for any number of processes at once.

    The form is `postgresql://postgres@:5432//folder/of/the/socket/fairlead`, which django-environ reads into HOST (that
    folder), PORT and NAME. The server outlives the caller; `stop()` ends it. Raises EmbeddedUnavailable.
    """
    return _started(data_folder())


def scratch_url() -> str:
    """As `url()`, of a second server, for rows that nobody wants back after a crash: those of tests.

    It takes a tenth of the time to copy a database, and is in memory where there is room. Whoever sets VAR_DIR wants
    everything there, and to last: they get the server of `url()`. `stop()` ends it and removes what it kept.
    """
    return _started(data_folder()) if os.environ.get("VAR_DIR") else _started(_scratch_folder(), **FORGETTING)


def _started(folder: Path, **options: str) -> str:
    try:
        server = _server(folder, **options)
        server.start()
        info = server.get_postmaster_info()
        _make_database(str(info.socket_dir), info.port)
    except (ImportError, OSError, RuntimeError, AssertionError, subprocess.SubprocessError, psycopg.Error) as error:
        raise _unavailable(folder, error) from error
    return f"postgresql://postgres@:{info.port}/{quote(str(info.socket_dir))}/{DATABASE}"


def stop() -> bool:
    """Stop the servers of this folder; False when none was running. Whoever is connected is cut off."""
    scratch = _scratch_folder()
    stopped = [_halted(folder) for folder in (data_folder(), scratch) if folder.exists()]
    shutil.rmtree(scratch, ignore_errors=True)
    return any(stopped)


def _halted(folder: Path) -> bool:
    try:
        return _server(folder).halt()
    except (ImportError, OSError, subprocess.SubprocessError) as error:
        raise _unavailable(folder, error) from error


def data_folder() -> Path:
    """Where the server keeps its data: `postgres` under VAR_DIR, or under `var` of the project."""
    project = Path(__file__).resolve().parent.parent.parent
    return Path(os.environ.get("VAR_DIR") or project / "var").resolve() / "postgres"


def _scratch_folder() -> Path:
    """Of this data folder alone; on the disk, beside it, where there is no room in memory or was none when it began."""
    of_us = data_folder()
    in_memory = MEMORY / f"fairlead-{os.geteuid()}" / hashlib.sha256(str(of_us).encode()).hexdigest()[:10]
    on_disk = of_us.with_name("postgres-scratch")
    if on_disk.exists() or not MEMORY.is_dir():
        return on_disk
    if in_memory.exists() or shutil.disk_usage(MEMORY).free >= ROOM_IN_MEMORY:
        return _own(in_memory.parent) / in_memory.name
    return on_disk


def _server(folder: Path, **options: str) -> "EmbeddedServer":
    _refuse_shell_words(folder)
    _refuse_foreign(folder)
    folder.mkdir(parents=True, exist_ok=True)
    # Imported here: who sets DATABASE_URL never pays for it, and the library picks its lock file while being imported.
    with environment(XDG_RUNTIME_DIR=str(_lock_folder())):
        from campaigns_project.database.server import EmbeddedServer  # noqa: PLC0415
    return EmbeddedServer(folder, **options)


def _refuse_shell_words(folder: Path) -> None:
    """Postgres' own pg_ctl hands the path to a shell between double quotes, where these four still mean something."""
    if set('"$`\\') & set(str(folder)):
        raise EmbeddedUnavailable(
            "embedded_postgres_path",
            f'The embedded Postgres cannot live in {folder}: the path must be free of ", $, ` and \\.',
            f"Move the project. {OTHER_WAYS}",
        )


def _refuse_foreign(folder: Path) -> None:
    """Two operating-system users cannot share one server, and root would take the folder away from its owner."""
    if not folder.exists() or (os.geteuid() == 0 and _is_servers_or_roots(folder)):
        return
    if folder.stat().st_uid != os.geteuid():
        raise EmbeddedUnavailable(
            "embedded_postgres_of_another_user",
            f"{folder} belongs to {folder.owner()}, and only that user can run the Postgres in it.",
            f"Run this as {folder.owner()}. {OTHER_WAYS}",
        )


def _is_servers_or_roots(folder: Path) -> bool:
    return folder.owner() in {"root", "pgserver"}  # pgserver: the user the library runs Postgres as when we are root


def runtime_folder() -> Path:
    """A short folder of this user's own for the lock file, and for sockets whose own folder will not do.

    In /tmp whatever TMPDIR says, so that all processes of the user meet at the same lock. Raises EmbeddedUnavailable
    where somebody else made it first: its owner could put a socket of theirs in the place of ours.
    """
    return _own(Path(f"/tmp/fairlead-{os.geteuid()}"))  # noqa: S108 - its owner is checked


def _own(folder: Path) -> Path:
    folder.mkdir(mode=0o755, exist_ok=True)  # root's Postgres runs as another user, who must get through to the socket
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise EmbeddedUnavailable(
            "runtime_folder_of_another_user",
            f"{folder} is needed for what belongs to this user alone, but it is not a folder of this user.",
            f"Remove it. {OTHER_WAYS}",
        )
    return folder


def _lock_folder() -> Path:
    """Where the library puts its lock file. It wants mode 0700 and a folder of this name in it, else it takes /tmp."""
    folder = runtime_folder() / "lock"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "python_PostgresServer").mkdir(exist_ok=True)
    return folder


def _make_database(socket_folder: str, port: int | None) -> None:
    maintenance = psycopg.connect(
        host=socket_folder,
        port=port,
        user="postgres",
        dbname="postgres",
        autocommit=True,
        connect_timeout=CONNECT_SECONDS,
    )
    with maintenance:
        maintenance.execute("SELECT pg_advisory_lock(%s)", [CREATE_LOCK])
        if not maintenance.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            maintenance.execute(f"CREATE DATABASE {DATABASE}")


def _unavailable(folder: Path, error: Exception) -> EmbeddedUnavailable:
    log = folder / "log"
    said = f"Its log is {log}." if log.exists() else ""
    return EmbeddedUnavailable(
        "embedded_postgres_unavailable",
        f"The embedded Postgres in {folder} could not be started: {error} {said}".strip(),
        OTHER_WAYS,
    )


@contextlib.contextmanager
def environment(**values: str) -> Iterator[None]:
    """Environment variables for the length of a block; what was there comes back."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def main(arguments: list[str]) -> int:
    """`python -m campaigns_project.database.embedded url|stop`."""
    try:
        if arguments == ["url"]:
            print(url())
        elif arguments == ["stop"]:
            print("The embedded Postgres is stopped." if stop() else "The embedded Postgres was not running.")
        else:
            print("usage: python -m campaigns_project.database.embedded url|stop", file=sys.stderr)
            return 2
    except EmbeddedUnavailable as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return 8
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
