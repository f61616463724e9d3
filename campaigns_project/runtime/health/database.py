"""The database: which one, whether it answers and takes writes, and how near its limits it is."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import Error, connection

from campaigns_project.database.encoding import UTF8, not_utf8
from campaigns_project.database.identity import configured
from campaigns_project.database.sessions import answers_itself, require_sessions
from campaigns_project.faults import DatabaseFault, is_too_old, too_old
from campaigns_project.runtime.health.check import Check, Level, in_bytes

MANY, NEARLY_ALL = 0.8, 0.95  # of the connections there are
# `now` comes from this machine's clock, leases from the database's: seconds do no harm, minutes do.
APART, FAR_APART = timedelta(seconds=2), timedelta(minutes=1)


class Server(NamedTuple):
    """What the server says of itself; `skew` is its clock less ours."""

    version: str
    standby: bool
    read_only: bool
    used: int
    most: int
    size: int
    encrypted: bool
    skew: timedelta
    encoding: str
    behind_proxy: bool


def examine_database() -> Iterator[Check]:
    """Where the data is and how the server is."""
    try:
        server = ask()
    except Error as error:
        connection.close()
        yield unreachable(error)
        return
    yield _version(server)
    yield from _encoding(server)
    yield _writes(server)
    yield from _sessions(server)
    yield _connections(server)
    yield _clock(server)


def ask() -> Server:
    """Ask the server, in one query. Raises django.db.Error where it does not answer."""
    with connection.cursor() as cursor:
        asked_at = datetime.now(tz=UTC)
        cursor.execute(_SERVER)
        *said, clock, encoding, process = cursor.fetchone()
    middle = asked_at + (datetime.now(tz=UTC) - asked_at) / 2
    return Server._make([*said, clock - middle, encoding, not answers_itself(connection, process)])


def require_for_workers() -> None:
    """Raise DatabaseFault where no worker should begin: the server takes no writes, or the clocks are far apart.

    Raises django.db.Error where it does not answer.
    """
    server = ask()
    for code, found in (("database_read_only", _writes(server)), ("clocks_apart", _clock(server))):
        if found.level == Level.FAIL:
            raise DatabaseFault(
                code, f"No worker begins with this database ({configured()}): {found.message}", found.fix
            )


def unreachable(error: Error) -> Check:
    """The finding for a database that does not answer, or is not one to work with."""
    if is_too_old(error):
        fault = too_old(error)
        shareable = f"{fault.message} ({_unnamed()})"
        return Check(
            "database", Level.FAIL, f"{fault.message} ({configured()})", fault.hint, down=True, shareable=shareable
        )
    return Check(
        "database",
        Level.FAIL,
        f"The database cannot be reached ({configured()}): {str(error).strip()}",
        "Start it, or correct DATABASE_URL.",
        down=True,
        shareable=f"The database cannot be reached ({_unnamed()}): {type(error).__name__}.",
    )


def _version(server: Server) -> Check:
    line = f"{', over TLS' if server.encrypted else ''}; {in_bytes(server.size)}."
    said = f"Postgres {server.version}"
    shareable = f"{said}, {_unnamed()}{line}"
    return Check("database", Level.OK, f"{said}, {configured()}{line}", shareable=shareable)


def _encoding(server: Server) -> Iterator[Check]:
    if server.encoding != UTF8:
        fault = not_utf8(server.encoding)
        yield Check("database", Level.WARN, fault.message, fault.hint)


def _sessions(server: Server) -> Iterator[Check]:
    """Nothing to say where no proxy stands between."""
    if not server.behind_proxy:
        return
    try:
        require_sessions()
    except DatabaseFault as fault:
        yield Check("database", Level.WARN, f"{fault.message} No worker starts here.", fault.hint)
    else:
        yield Check("database", Level.OK, "A proxy stands between, which keeps a session for each connection.")


def _unnamed() -> str:
    """Which database it is, for strangers: they are told neither host nor role."""
    return f"instance {configured().instance}"


def _writes(server: Server) -> Check:
    if server.standby:
        fix = "Let DATABASE_URL lead to the primary, or promote this server."
        return Check("database", Level.FAIL, "It is a standby and takes no writes.", fix)
    if server.read_only:
        fix = "Find out who set default_transaction_read_only (ALTER DATABASE, ALTER ROLE, or the server) and why."
        return Check("database", Level.FAIL, "It is read-only: it takes no writes.", fix)
    return Check("database", Level.OK, "It is the primary and takes writes.")


def _connections(server: Server) -> Check:
    message = f"{server.used} of {server.most} connections are in use."
    share = server.used / server.most
    if share < MANY:
        return Check("database", Level.OK, message)
    fix = "Raise max_connections, or run fewer workers (WORKERS, STREAMS) and web threads."
    return Check("database", Level.FAIL if share >= NEARLY_ALL else Level.WARN, message, fix)


def _clock(server: Server) -> Check:
    apart = abs(server.skew)
    if apart <= APART:
        return Check("database", Level.OK, f"Its clock and ours are {apart / timedelta(milliseconds=1):.0f} ms apart.")
    side = "ahead of" if server.skew > timedelta() else "behind"
    message = f"Its clock is {apart.total_seconds():,.0f} s {side} the clock of this machine."
    return Check("database", Level.FAIL if apart > FAR_APART else Level.WARN, message, "Set both by NTP.")


# What a session of another role is, only some may know; of background processes it is known, or they have no role.
# A role like ours gets none of those that are reserved.
_SERVER = """
SELECT current_setting('server_version'),
       pg_is_in_recovery(),
       current_setting('default_transaction_read_only')::bool,
       (SELECT count(*)::int FROM pg_stat_activity
        WHERE usesysid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'),
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
           - coalesce(current_setting('reserved_connections', true), '0')::int,
       pg_database_size(current_database()),
       coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),
       clock_timestamp(),
       current_setting('server_encoding'),
       pg_backend_pid()
"""
