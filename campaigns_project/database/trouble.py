"""What an error of the database means for whoever met it, where it says something that can be mended."""

from django.db import DEFAULT_DB_ALIAS, Error, OperationalError

from campaigns_project.database.errors import DatabaseDown, SchemaIncomplete
from campaigns_project.database.identity import configured
from campaigns_project.errors import Refused

# SQLSTATE, see appendix A of the Postgres manual.
READ_ONLY = "25006"
INCOMPLETE = {"42P01", "42703"}  # no such table, no such column
GOING_DOWN = {"57P01", "57P02", "57P03", "53300"}  # shut down, crashed, starting, too many connections
CONNECTION_LOST = "08"  # the class of connection exceptions


def explained(error: Error, using: str = DEFAULT_DB_ALIAS) -> Refused | None:
    """The refusal that says what is wrong and what to do; None for an error that is a fault of ours."""
    state = _state(error)
    said = " ".join(str(error).split())
    if state == READ_ONLY:
        message = f"The database takes no writes ({configured(using)}): {said}. Nothing was changed."
        return DatabaseDown("database_read_only", message, "Point DATABASE_URL to the primary, or make it writable.")
    if state in INCOMPLETE:
        hint = "Run manage.py apply_migrations; if nothing is pending, manage.py verify_schema says what is missing."
        return SchemaIncomplete("schema_incomplete", f"The database lacks what the code needs: {said}.", hint)
    if state in GOING_DOWN or state.startswith(CONNECTION_LOST) or (isinstance(error, OperationalError) and not state):
        return unreachable(error, using)
    return None


def _state(error: BaseException | None) -> str:
    """The SQLSTATE of the error or of what it came from: Django wraps errors, and its migrations wrap them again."""
    while error is not None:
        if state := getattr(error, "sqlstate", None):
            return str(state)
        error = error.__cause__ or error.__context__
    return ""


def unreachable(error: Error, using: str = DEFAULT_DB_ALIAS) -> DatabaseDown:
    """The answer to an error while connecting."""
    message = f"The database cannot be reached ({configured(using)}): {' '.join(str(error).split())}"
    return DatabaseDown("database_unreachable", message, "Start it, or correct DATABASE_URL.")
