"""Why the database cannot be used as it is; each says what to do instead."""

from campaigns_project.errors import Refused, StateRefused


class EmbeddedUnavailable(Refused):
    """The Postgres that comes with Fairlead cannot be started or joined here."""


class DatabaseDown(Refused):
    """The database does not answer, or answers no writes."""

    status = 503


class SchemaIncomplete(Refused):
    """The database answers, but what the code needs is not in it."""

    status = 503


class HistoryRefused(StateRefused):
    """The migrations cannot be brought into one order, so none is applied."""
