"""Which database this process talks to, in words that are safe to print: never a password."""

import hashlib
from dataclasses import asdict, dataclass

from django.db import DEFAULT_DB_ALIAS, connections


@dataclass(frozen=True)
class Identity:
    """Where the data is. `host` is a folder where the connection goes through a socket."""

    host: str
    port: str
    database: str
    user: str

    def __str__(self) -> str:
        return " ".join(f"{name}={value or '(default)'}" for name, value in asdict(self).items())

    @property
    def instance(self) -> str:
        """A short name for this database, the same in every process that uses it and telling nothing about it."""
        return hashlib.sha256(str(self).encode()).hexdigest()[:12]


def configured(using: str = DEFAULT_DB_ALIAS) -> Identity:
    """The identity as the settings give it; asks no server."""
    database = connections[using].settings_dict
    options = database.get("OPTIONS", {})  # a URL such as postgresql:///name?host=/run/postgresql puts the host here
    return Identity(
        host=str(database.get("HOST") or options.get("host", "")),
        port=str(database.get("PORT") or options.get("port", "")),
        database=str(database.get("NAME", "")),
        user=str(database.get("USER") or options.get("user", "")),
    )
