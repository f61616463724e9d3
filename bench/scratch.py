"""A database and a folder for one benchmark, gone when it ends."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import environ
import psycopg
from psycopg import sql

from campaigns_project.database import embedded

LIMIT = 900.0  # seconds that one step may take
ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def scratch() -> Iterator[Path]:
    """Make and migrate a database beside the usual one, and point this process and its children to it.

    The embedded server, or that of DATABASE_URL, whose user must be allowed to make databases. Answers the folder.
    """
    server = os.environ.get("DATABASE_URL") or embedded.url()
    name = f"bench_{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="fairlead-bench-") as folder:
        _execute(server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            os.environ.update(
                DATABASE_URL=f"{server.rpartition('/')[0]}/{name}",
                DJANGO_SETTINGS_MODULE="campaigns_project.settings.base",
                VAR_DIR=folder,
                SANDBOX="off",
                OUTBOUND_ALLOW_HOSTS="127.0.0.1",
                LOG_LEVEL="WARNING",
            )
            run("manage.py", "migrate", "--verbosity", "0")
            yield Path(folder)
        finally:
            _execute(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def run(*arguments: str) -> str:
    """Run Python with `arguments` to its end, in the project; what it printed last."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True, timeout=LIMIT
    )
    return done.stdout.strip().rpartition("\n")[2]


def fetch(query: str, *values: object) -> tuple[object, ...]:
    """One row from the scratch database."""
    with _connected(os.environ["DATABASE_URL"]) as connection:
        row = connection.execute(query, values).fetchone()
        return row or ()


def _execute(server: str, statement: sql.Composed) -> None:
    with _connected(server) as connection:
        connection.execute(statement)


def _connected(url: str) -> psycopg.Connection:
    parts = environ.Env.db_url_config(url)  # as the settings read it, which is not always as libpq would
    return psycopg.connect(
        host=parts["HOST"] or None,
        port=parts["PORT"] or None,
        user=parts["USER"] or None,
        password=parts["PASSWORD"] or None,
        dbname=parts["NAME"],
        autocommit=True,
    )
