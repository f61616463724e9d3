"""Why the embedded Postgres cannot be had; each says what to do instead."""

from campaigns_project.errors import Refused


class EmbeddedUnavailable(Refused):
    """The Postgres that comes with Fairlead cannot be started or joined here."""
