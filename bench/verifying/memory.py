"""How much memory a database on this machine takes for the sessions of one database."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import environ
import psycopg

EVERY = 0.05  # seconds between two looks
_SHARED = re.compile(r"/dev/shm/PostgreSQL\.\d+")  # noqa: S108 - only read


@dataclass
class Most:
    """The most that was seen so far."""

    bytes: int = 0


@contextmanager
def watched() -> Iterator[Most]:
    """Look again and again, from a session of its own, until the block ends; 0 for processes that cannot be seen.

    Counted is what the sessions and their parallel helpers hold for themselves, and what helpers share (POSIX shared
    memory); not the server's own buffers, which are there whatever is asked.
    """
    most, over = Most(), threading.Event()
    watcher = threading.Thread(target=_watch, args=(most, over))
    watcher.start()
    try:
        yield most
    finally:
        over.set()
        watcher.join()


def _watch(most: Most, over: threading.Event) -> None:
    parts = environ.Env.db_url_config(os.environ["DATABASE_URL"])
    with psycopg.connect(
        host=parts["HOST"] or None,
        port=parts["PORT"] or None,
        user=parts["USER"] or None,
        password=parts["PASSWORD"] or None,
        dbname=parts["NAME"],
        autocommit=True,
    ) as session:
        while not over.wait(EVERY):
            rows = session.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            pids = [pid for (pid,) in rows.fetchall()]
            shared = {file for pid in pids for file in _SHARED.findall(_told(pid, "maps"))}
            most.bytes = max(most.bytes, sum(map(_own, pids)) + sum(map(_size, shared)))


def _own(pid: int) -> int:
    found = re.search(r"^RssAnon:\s+(\d+) kB", _told(pid, "status"), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def _size(file: str) -> int:
    try:
        return Path(file).stat().st_blocks * 512
    except OSError:  # gone meanwhile
        return 0


def _told(pid: int, what: str) -> str:
    try:
        return Path(f"/proc/{pid}/{what}").read_text()
    except OSError:  # ended meanwhile, not ours to read, or not on this machine
        return ""
