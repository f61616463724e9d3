"""One look at a database: a connection of its own, one moment for all questions, and no way to write."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from django.db import connections
from django.db.backends.utils import CursorWrapper


@contextmanager
def snapshot(using: str) -> Iterator[CursorWrapper]:
    """A cursor in a REPEATABLE READ, READ ONLY transaction: every question sees the same moment."""
    with closing(connections.create_connection(using)) as connection, connection.cursor() as cursor:
        # By hand, because Django's atomic() knows no isolation level, and by alias would take the caller's connection.
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        # What bounds a request would break off a question to a million rows.
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield cursor


@contextmanager
def savepoint(cursor: CursorWrapper) -> Iterator[None]:
    """What fails inside leaves the snapshot as it was, fit for the next question."""
    cursor.execute("SAVEPOINT one_check")
    try:
        yield
    except BaseException:
        if not cursor.connection.closed:
            cursor.execute("ROLLBACK TO SAVEPOINT one_check")
        raise
    cursor.execute("RELEASE SAVEPOINT one_check")
