"""Values of the environment (or `.env`), read strictly: what cannot be understood ends every process at its start.

A switch that is spelled wrongly must not be taken for the other position: SANDBOX=onn would send real mails. A variable
that is there and empty is as good as not there. No value is repeated that may hold a secret.
"""

from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from psycopg.pq import Conninfo

ON = frozenset({"on", "true", "yes", "y", "1", "ok"})
OFF = frozenset({"off", "false", "no", "n", "0"})
# Django and psycopg take these themselves; they never reach libpq, which is asked what else there is.
_OF_DJANGO = frozenset({"assume_role", "isolation_level", "pool", "prepare_threshold", "server_side_binding"})
_SCHEMES = frozenset({"postgresql", "postgres", "psql", "pgsql"})


class Environment:
    """The variables of the process; those of `path` where the process has none of that name. Each method raises
    ImproperlyConfigured, which names the variable and says what may be written."""

    def __init__(self, path: Path):
        self._env = environ.Env()
        self._env.read_env(path)

    def text(self, name: str, default: str = "") -> str:
        """The text as it stands there."""
        return self._env.str(name, default="") or default

    def texts(self, name: str, default: Collection[str] = ()) -> list[str]:
        """Texts that commas separate."""
        return self._env.list(name, default=[]) or list(default)

    def switch(self, name: str, *, default: bool) -> bool:
        """On or off."""
        said = self._said(name).lower()
        if not said:
            return default
        if said not in ON | OFF:
            raise ImproperlyConfigured(f"{name} is “{said[:40]}”. Write on or off, and nothing behind it.")
        return said in ON

    def number(self, name: str, *, default: int, least: int, most: int) -> int:
        """A whole number from `least` to `most`."""
        said = self._said(name)
        if not said:
            return default
        if not (said.isascii() and said.lstrip("-").isdigit()) or not least <= int(said[:20]) <= most:
            raise ImproperlyConfigured(f"{name} is “{said[:40]}”. Write a whole number from {least} to {most}.")
        return int(said)

    def one_of(self, name: str, choices: Collection[str], *, default: str) -> str:
        """One of `choices`, in any case."""
        said = self._said(name) or default
        found = next((choice for choice in choices if choice.lower() == said.lower()), None)
        if found is None:
            raise ImproperlyConfigured(f"{name} is “{said[:40]}”. Write one of: {', '.join(choices)}.")
        return found

    def web_address(self, name: str, *, default: str) -> str:
        """An http or https address with a host, without a slash at its end, a query or a fragment."""
        said = (self._said(name) or default).rstrip("/")
        example = "Write it with http:// or https://, such as https://mail.example.com."
        try:
            parts = urlsplit(said)
            is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_whole = False
        if not is_whole or parts.query or parts.fragment or any(character.isspace() for character in said):
            raise ImproperlyConfigured(f"{name} is not the whole address of a web server. {example}")
        return said

    def folder(self, name: str, *, default: Path) -> Path:
        """A folder, or the place of one that is made when it is needed."""
        found = Path(self._said(name) or default)
        first = next((path for path in (found, *found.parents) if path.exists()), None)
        if first is not None and not first.is_dir():
            raise ImproperlyConfigured(f"{name} is {found}, but {first} is not a folder. Write the path of a folder.")
        return found

    def database(self, name: str, *, default: Callable[[], str]) -> dict[str, Any]:
        """What Django wants to know of a Postgres, from its URL.

        `default` is asked for another URL only where the variable is not set: it may start a server.
        """
        said, found = self._said(name) or default(), dict[str, Any]()
        if said.partition("://")[0] in _SCHEMES:  # of others the library shows all it read, the password too
            with suppress(ValueError, ImproperlyConfigured):
                found = self._env.db_url_config(said)
        if not found.get("NAME"):
            raise ImproperlyConfigured(
                f"{name} is not the URL of a Postgres database. Write postgresql://user:password@host:5432/name; "
                "characters such as / @ : # % ? in the password are percent-encoded."
            )
        known = {option.keyword.decode() for option in Conninfo.get_defaults()}
        unknown = sorted(found.get("OPTIONS", {}).keys() - known - _OF_DJANGO)
        if unknown:
            raise ImproperlyConfigured(
                f"{name} has something behind its “?” that Postgres does not know: {unknown[0]}."
            )
        return found

    def _said(self, name: str) -> str:
        return self._env.str(name, default="").strip()
