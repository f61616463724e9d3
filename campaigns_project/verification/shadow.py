"""What the migrations make, by letting them make it: in an empty database beside the inspected one, gone afterwards."""

import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

from django.db import Error, InternalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.migrations.executor import MigrationExecutor

from campaigns_project.verification.catalogue import Catalogue, read_catalogue

PREFIX = "fairlead_verify_"
LEFT_OVER_AFTER = 3600  # seconds; making and reading one takes five

log = logging.getLogger(__name__)


def may_make_one(cursor: CursorWrapper) -> bool:
    """Whether this role may create databases on this server, and the server takes writes."""
    cursor.execute(
        "SELECT (rolcreatedb OR rolsuper) AND NOT pg_is_in_recovery() FROM pg_roles WHERE rolname = current_user"
    )
    return bool(cursor.fetchone()[0])


def shadow_catalogue(using: str) -> Catalogue:
    """Make the schema anew in a database of its own and read it there. Takes five seconds; raises django.db.Error."""
    with empty_database(using) as alias, _others_untouched():
        executor = MigrationExecutor(connections[alias])
        executor.migrate(executor.loader.graph.leaf_nodes())
        with connections[alias].cursor() as cursor:
            return read_catalogue(cursor)


@contextmanager
def empty_database(using: str) -> Iterator[str]:
    """An alias for a new database; both are gone when the block is left. What killed runs left behind goes first."""
    name = f"{PREFIX}{int(time.time())}_{secrets.token_hex(4)}"
    with closing(connections.create_connection(using)) as server, server.cursor() as cursor:
        _sweep(cursor)
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        connections[name] = _connection(using, name)
        try:
            yield name
        finally:
            connections[name].close()
            del connections[name]
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _connection(using: str, name: str) -> BaseDatabaseWrapper:
    """A connection to the new database, known by its name to this thread alone: others go through all the aliases."""
    connection = connections.create_connection(using)
    connection.alias = name
    connection.settings_dict = {**connection.settings_dict, "NAME": name}
    return connection


@contextmanager
def _others_untouched() -> Iterator[None]:
    """Every other database refuses to be asked meanwhile: a migration that forgets its alias must not reach ours."""
    with ExitStack() as stack:
        for other in connections:
            stack.enter_context(connections[other].execute_wrapper(_refuse))
        yield


def _refuse(_execute: Any, sql: str, *_more: Any) -> None:
    raise InternalError(f"A migration asks another database than the one it was given: {sql[:200]}")


def _sweep(cursor: CursorWrapper) -> None:
    """Remove what a killed run left behind. Those that somebody is connected to are still in use."""
    cursor.execute(
        "SELECT datname FROM pg_database d WHERE datname LIKE %s AND pg_get_userbyid(datdba) = current_user"
        " AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.datid = d.oid)",
        [f"{PREFIX}%"],
    )
    for (name,) in cursor.fetchall():
        if _age(name) > LEFT_OVER_AFTER:
            try:
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
            except Error as error:  # another run sweeps too, or has just connected
                log.info("the database %s was left standing: %s", name, str(error).strip())


def _age(name: str) -> float:
    made = name.removeprefix(PREFIX).partition("_")[0]
    return time.time() - int(made) if made.isdecimal() else 0.0
