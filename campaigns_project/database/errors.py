"""Why the embedded Postgres cannot be had, or nothing be migrated; each says what to do instead."""

from campaigns_project.errors import Refused, StateRefused


class EmbeddedUnavailable(Refused):
    """The Postgres that comes with Fairlead cannot be started or joined here."""


class HistoryRefused(StateRefused):
    """The migrations cannot be brought into one order, so none is applied."""
