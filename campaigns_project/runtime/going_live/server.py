"""The server: where it is reached, its keys, its data, and whether mail leaves it."""

import os
from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db import connection

from campaigns_project.database.identity import configured
from campaigns_project.runtime.health.check import Check, Level, in_words
from campaigns_project.runtime.health.configuration import is_this_machine, public_address
from campaigns_project.runtime.health.public_url import examine_public_url

IN_ENV = "in the file .env beside manage.py, or in the environment; then restart."
RECENT = timedelta(days=1, hours=6)  # a nightly archive that was a little late


def examine_address() -> Iterator[Check]:
    """Whether recipients can follow the links in their mails."""
    if is_this_machine():
        message = f"Links in mails begin with {public_address()}, which leads recipients to their own machine."
        yield Check(
            "address", Level.FAIL, message, f"Set PUBLIC_URL=https://mail.example.com, a name of yours, {IN_ENV}"
        )
    else:
        yield Check("address", Level.OK, f"Links in mails begin with {public_address()}. Mails that have left keep it.")


def examine_tls() -> Iterator[Check]:
    """Whether logins, keys and opt-outs travel encrypted."""
    if not settings.HTTPS:
        fix = "Put a reverse proxy that ends TLS in front, and set an https PUBLIC_URL and BEHIND_PROXY=on."
        yield Check("tls", Level.FAIL, "PUBLIC_URL is not https: passwords and keys would travel in the clear.", fix)
    elif not settings.BEHIND_PROXY:
        message = "BEHIND_PROXY is off: behind a proxy every visitor seems to come from the proxy's address."
        yield Check("tls", Level.WARN, message, f"Set BEHIND_PROXY=on, if a proxy of yours ends TLS, {IN_ENV}")
    else:
        yield Check("tls", Level.OK, "PUBLIC_URL is https, and a proxy of yours ends TLS.")


def examine_reach() -> Iterator[Check]:
    """Whether the public address leads here; nothing to say as long as it is that of every machine."""
    if not is_this_machine():
        for found in examine_public_url():
            yield Check("reach", found.level, found.message, found.fix, down=found.down)


def examine_keys() -> Iterator[Check]:
    """Whether the keys are where other machines, and a backup, can have them."""
    files = [name for name in ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS") if not os.environ.get(name)]
    if not files:
        yield Check(
            "keys", Level.OK, "SECRET_KEY and FIELD_ENCRYPTION_KEYS are set. Keep a copy apart from the database."
        )
        return
    said = " and ".join(files)
    message = f"{said} was not set, so that one was made, in a file under {settings.VAR_DIR}."
    if len(files) > 1:
        message = f"{said} were not set, so that some were made, in files under {settings.VAR_DIR}."
    fix = (
        f"Set {said} {IN_ENV} The same on every machine: without them no sender's password can be read. "
        "To keep what is there, take the values of the files."
    )
    yield Check("keys", Level.WARN, message, fix, shareable=f"{said}: in files of this machine.")


def examine_where_data_is() -> Iterator[Check]:
    """Whether the data is in a database that somebody looks after."""
    if settings.DATABASE_URL:
        where = configured()
        yield Check("data", Level.OK, f"Your own Postgres: {where.database} at {where.host or 'this machine'}.")
        return
    message = (
        "The data is in the embedded Postgres, which is for trying out and for small installations on one machine."
    )
    fix = f"Set DATABASE_URL=postgresql://… of an empty Postgres, 15 or newer, {IN_ENV} The demo stays behind with it."
    yield Check("data", Level.WARN, message, fix)


def examine_backup() -> Iterator[Check]:
    """What the server tells of backups. A nightly dump leaves no trace in it: nothing here says that there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_TRACES)
        archived, replicas = cursor.fetchone()
    if archived is not None and archived < RECENT:
        yield Check("backup", Level.OK, f"The write-ahead log is archived; the last time {in_words(archived)} ago.")
    elif replicas:
        message = "A replica follows. It follows a deletion by mistake as well."
        yield Check("backup", Level.NOTE, message, "Make backups too, and try once whether they can be restored.")
    else:
        fix = (
            "Dump the database every night, with FIELD_ENCRYPTION_KEYS and SECRET_KEY apart from it, and try once "
            "whether it can be restored: docs/operating.md, Backup."
        )
        yield Check(
            "backup", Level.NOTE, "Whether backups are made cannot be seen from here: a dump leaves no trace.", fix
        )


_TRACES = """
SELECT (SELECT now() - last_archived_time FROM pg_stat_archiver), (SELECT count(*) FROM pg_stat_replication)
"""


def examine_sandbox() -> Iterator[Check]:
    """Whether mails go out. Everything else comes before."""
    if settings.SANDBOX:
        message = "SANDBOX is on: no mail leaves this machine, whatever else is done."
        yield Check("sandbox", Level.FAIL, message, f"When all above is done, set SANDBOX=off {IN_ENV}")
    else:
        yield Check("sandbox", Level.OK, "SANDBOX is off: mails really go out.")
