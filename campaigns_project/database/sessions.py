"""Locks of a database session, and whether a session is ours from one statement to the next.

Behind a proxy that pools transactions (PgBouncer with pool_mode = transaction) it is not: each transaction goes to
whatever session is free. A lock of a session then stays with one that somebody else has next, so that two hold what one
alone may, and nobody gets what a dead process held.
"""

from contextlib import closing
from functools import cache

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from campaigns_project.faults import DatabaseFault

LOOKS = 3  # a proxy that gave the same session twice by chance is found out the next time


def take(connection: BaseDatabaseWrapper, *key: int) -> bool:
    """Hold this advisory lock (one number, or two) until `let_go` or the end of the session; False when another does.

    Raises DatabaseFault where the session is not kept, and the lock would be nobody's.
    """
    with connection.cursor() as cursor:
        direct = f"CASE WHEN pg_backend_pid() = %s THEN {_asked(key)} END"
        cursor.execute(f"SELECT {direct}", [connection.connection.info.backend_pid, *key])
        taken = cursor.fetchone()[0]
        if taken is None:
            require_sessions(connection.alias)
            cursor.execute(f"SELECT {_asked(key)}", key)
            taken = cursor.fetchone()[0]
        return bool(taken)


def let_go(connection: BaseDatabaseWrapper, *key: int) -> None:
    """Give such a lock back."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_unlock({', '.join(['%s'] * len(key))})", key)


def require_sessions(using: str = DEFAULT_DB_ALIAS) -> None:
    """Raise DatabaseFault where sessions are not kept; django.db.Error where the database cannot be asked."""
    if not keeps_sessions(using):
        raise DatabaseFault(
            "sessions_pooled",
            "DATABASE_URL leads through a proxy that gives each transaction another session of the database (PgBouncer "
            "with pool_mode = transaction): nobody there can be the only one at anything.",
            "Give workers and commands a DATABASE_URL that leads to the server itself, or to a pool of sessions "
            "(pool_mode = session). The web may stay.",
        )


def keeps_sessions(using: str = DEFAULT_DB_ALIAS) -> bool:
    """Whether one connection of ours is one session of the server.

    Where nothing stands between, one question tells: at the login the server named the very process that answers.
    Through a proxy two connections more are opened for a moment, once in the life of a process.
    """
    connection = connections[using]
    return answers_itself(connection, _process(connection)) or _proxy_keeps_sessions(using)


def answers_itself(connection: BaseDatabaseWrapper, process: int) -> bool:
    """Whether the server's `process`, which answers now, is the one that answered the login: no proxy is between."""
    return bool(connection.connection.info.backend_pid == process)


@cache
def _proxy_keeps_sessions(using: str) -> bool:
    with (
        closing(connections.create_connection(using)) as one,
        closing(connections.create_connection(using)) as another,
    ):
        return not any(_are_mixed(one, another) for _ in range(LOOKS))


def _are_mixed(one: BaseDatabaseWrapper, another: BaseDatabaseWrapper) -> bool:
    """Whether `one` gets a session in turn, or both have the same, or `one` gets another while its own is in use."""
    ours = _process(one)
    if _process(one) != ours:
        return True
    with another.cursor() as cursor:
        cursor.execute("BEGIN")
        theirs = _process(another)
        # Not asked in the first case: of a pool of one session it would wait for ever.
        are_mixed = theirs == ours or _process(one) != ours
        cursor.execute("ROLLBACK")
    return are_mixed


def _process(connection: BaseDatabaseWrapper) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def _asked(key: tuple[int, ...]) -> str:
    return f"pg_try_advisory_lock({', '.join(['%s'] * len(key))})"
