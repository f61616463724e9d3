"""What is wrong with the database, where it is nobody's bug: it is down, cannot be written to, or lacks a table."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    NotSupportedError,
    OperationalError,
)

from campaigns_project.errors import Refused, StateRefused

READ_ONLY = "25006"
NO_SUCH_TABLE_OR_COLUMN = frozenset({"42P01", "42703"})
DENIED = "42501"
DUPLICATE = "23505"
# Nobody chooses the number of a row but its sequence: one that is taken, or was, says that the sequence was set back.
NUMBERS = re.compile(r"_id_tombstoned$|_pkey$")
# Connection exceptions, insufficient resources (disk full, too many connections), operator intervention (shutdown).
DOWN = ("08", "53", "57P")

WHEN_DOWN = 10  # seconds until one may ask again: a restart takes less
GAVE_WAY = frozenset({"40P01", "40001"})  # deadlock, serialization failure

log = logging.getLogger(__name__)


def is_of_the_database(error: BaseException) -> bool:
    """Whether the database is what is wrong, and not a value that somebody gave it."""
    return isinstance(error, DatabaseError | InterfaceError) and not isinstance(error, DataError)


class DatabaseFault(Refused):
    """The database cannot be used for this now.

    `detail` is what the database itself said. It may name hosts and roles: for the log and for commands, never for an
    answer of the API or a page.
    """

    status = 503
    detail = ""

    @property
    def in_full(self) -> str:
        """Message, hint and detail, for whoever runs the installation."""
        return f"{self} {self.detail}".strip()


class SchemaFault(DatabaseFault):
    """The database is not as the migrations make it."""


def read_only() -> DatabaseFault:
    """What to say where nothing can be written."""
    message = "The database takes no changes: it, this role or this session is set to read-only."
    return DatabaseFault("database_read_only", message, "Connect to the primary, or set it writable again.")


@contextmanager
def told_as_faults() -> Iterator[None]:
    """Raise, for a database error that is nobody's bug, the DatabaseFault that says it; any other goes on as it is."""
    try:
        yield
    except Error as error:
        fault = fault_of(error)
        if fault is None:
            raise
        log.error("%s: %s", fault.code, error)
        raise fault from error


def fault_of(error: Error) -> DatabaseFault | None:
    """What to say of a database error that is not ours; None for a bug, and for what is tried again."""
    if is_too_old(error):
        return too_old(error)
    fault = _fault(getattr(error.__cause__, "sqlstate", None) or "", error)
    if fault is not None:
        fault.detail = f"The database says: {str(error).strip().split('\n', 1)[0]}"
    return fault


def is_too_old(error: Error) -> bool:
    """Whether Django will not work with the server, which it finds out when it connects."""
    return isinstance(error, NotSupportedError) and "or later is required" in str(error)


def too_old(error: Error) -> DatabaseFault:
    """What to say of such a server."""
    hint = "DATABASE_URL leads to a server that is too old: move to a newer one, or upgrade it."
    return DatabaseFault("database_too_old", str(error), hint)


def gave_way(error: Error) -> DatabaseFault | None:
    """What to say of what Postgres ended for the sake of another, and nobody tries again; None for any other error."""
    if getattr(error.__cause__, "sqlstate", None) not in GAVE_WAY:
        return None
    message = "This and something else waited for each other. This gave way: what it would have changed is as it was."
    return DatabaseFault("gave_way", message, "Send it again.", {"retry_after": 1})


def is_duplicate(error: Exception) -> bool:
    """Whether two at once made the same: both passed the same check, and the database let one of them through.

    Done again, what was refused so is told what it would have been told a moment later.
    """
    if not isinstance(error, IntegrityError) or getattr(error.__cause__, "sqlstate", "") != DUPLICATE:
        return False
    return fault_of(error) is None


def made_meanwhile() -> StateRefused:
    """What to say of a duplicate where nothing more is known of it."""
    return StateRefused("already_exists", "Somebody else has just made the same.", "Look at it, then go on.")


@contextmanager
def duplicates_refused() -> Iterator[None]:
    """Raise `made_meanwhile` for a duplicate; any other error goes on as it is."""
    try:
        yield
    except IntegrityError as error:
        if not is_duplicate(error):
            raise
        raise made_meanwhile() from error


def what_broke(error: Exception) -> str:
    """A sentence on an error at the edge of a task, for everybody who sees its job; the log has the rest."""
    if isinstance(error, Refused):
        return str(error)
    fault = fault_of(error) if isinstance(error, Error) else None
    return str(fault) if fault else f"A fault of ours ({type(error).__name__}); the worker's log says more."


def _fault(state: str, error: Error) -> DatabaseFault | None:
    if state == READ_ONLY:
        return read_only()
    if state in NO_SUCH_TABLE_OR_COLUMN:
        hint = "Run manage.py verify_schema, then manage.py apply_migrations."
        return SchemaFault("schema_incomplete", "The database lacks a table or a column.", hint)
    if state == DENIED:
        hint = "Make it the owner of the database, or grant it what is named; the log has it, and so have commands."
        return DatabaseFault("database_denied", "The database does not allow it to the role we use.", hint)
    if state == DUPLICATE and NUMBERS.search(error.__cause__.diag.constraint_name or ""):  # type: ignore[union-attr]
        return _sequence_behind()
    if state.startswith(DOWN) or (not state and isinstance(error, OperationalError | InterfaceError)):
        hint = "See whether it runs, can be reached, and lets us in by DATABASE_URL; manage.py doctor tells."
        when = {"retry_after": WHEN_DOWN}
        return DatabaseFault("database_down", "The database cannot be used at the moment.", hint, when)
    return None


def _sequence_behind() -> SchemaFault:
    message = "The next number that the database gives out is in use, or was: somebody set its sequence back."
    hint = "An administrator runs manage.py verify_schema, then the statement that it prints with --fix-sql."
    return SchemaFault("sequence_behind", message, hint)
