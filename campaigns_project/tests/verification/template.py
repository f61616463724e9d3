"""One database made by the migrations, for all test runs of a state of them: copied in the time of a blink.

    migrated_template()   # "template_fairlead_0f3c…"

It stays when a run ends. A change of any migration, or of what is installed, gives another one; those that are older
than a day are removed when a new one is made.
"""

import hashlib
from pathlib import Path

from django.conf import settings
from django.db import connections
from django.db.backends.utils import CursorWrapper
from django.db.utils import OperationalError

from campaigns_project.tests.verification.databases import migrate
from campaigns_project.verification import migrations_on_disk

PREFIX = "template_fairlead_"
MAKING = 0x666C746D  # "fltm": one process at a time makes it, the others wait and find it
REQUIREMENTS = Path(settings.BASE_DIR) / "requirements.txt"


def migrated_template() -> str:
    """Its name; made where there is none yet. Nobody may connect to it: it could not be copied meanwhile."""
    name = f"{PREFIX}{_state()}"
    connection = connections.create_connection("default")
    try:
        with connection.cursor() as server:
            server.execute("SELECT pg_advisory_lock(%s)", [MAKING])
            server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if not server.fetchone():
                _remove_old(server)
                _make(server, name)
    finally:
        connection.close()
    return name


def _state() -> str:
    """What the tables depend on, in a few letters."""
    digest = migrations_on_disk.digest(migrations_on_disk.load())
    return hashlib.sha256(digest.encode() + REQUIREMENTS.read_bytes()).hexdigest()[:16]


def _make(server: CursorWrapper, name: str) -> None:
    """Under its name only when it is whole."""
    unfinished = f"{name}_unfinished"
    server.execute(f'DROP DATABASE IF EXISTS "{unfinished}" WITH (FORCE)')
    server.execute(f'CREATE DATABASE "{unfinished}" TEMPLATE template0')
    connections.settings[unfinished] = {**connections.settings["default"], "NAME": unfinished}
    try:
        migrate(unfinished)
    finally:
        del connections[unfinished], connections.settings[unfinished]
    server.execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')


def _remove_old(server: CursorWrapper) -> None:
    server.execute(
        "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
        " AND (pg_stat_file('base/' || oid || '/PG_VERSION')).modification < now() - interval '1 day'",
        [PREFIX],
    )
    for (old,) in server.fetchall():
        try:
            server.execute(f'DROP DATABASE "{old}"')
        except OperationalError:
            continue  # another run copies it at this very moment
