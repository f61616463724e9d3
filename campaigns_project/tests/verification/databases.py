"""Real databases beside the tests' own one: made by the migrations once, and copied for every test that spoils one."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Self

from django.db import connections
from django.db.migrations.executor import MigrationExecutor


@contextmanager
def database(template: str = "template0", *, encoding: str = "UTF8") -> Iterator[str]:
    """A new database under an alias of its name; both are gone afterwards, whoever is still connected."""
    letters = "" if encoding == "UTF8" else f"ENCODING '{encoding}' LOCALE 'C' LOCALE_PROVIDER libc"
    name = f"drift_{secrets.token_hex(5)}"
    connection = connections.create_connection("default")
    with connection.cursor() as server:
        server.execute(
            f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy {letters}'
        )  # not block by block
        connections.settings[name] = {**connections.settings["default"], "NAME": name}
        try:
            yield name
        finally:
            connections[name].close()
            del connections[name], connections.settings[name]
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    connection.close()


class Lender:
    """A copy of a database for one borrower after the other; a new one after a borrower that failed."""

    def __init__(self, template: str):
        self._template = template
        self._made = ExitStack()
        self._name = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._give_up()

    @contextmanager
    def lent(self) -> Iterator[str]:
        """Its alias, for somebody who leaves it as it was."""
        self._name = self._name or self._made.enter_context(database(self._template))
        try:
            yield self._name
        except BaseException:
            self._give_up()
            raise

    def _give_up(self) -> None:
        self._made.close()
        self._name = ""


def migrate(alias: str) -> None:
    """Apply every migration, and let go of the database so that it can be copied."""
    executor = MigrationExecutor(connections[alias])
    executor.migrate(executor.loader.graph.leaf_nodes())
    connections[alias].close()


def run(alias: str, *statements: str) -> None:
    """Each statement by itself and committed, as somebody in psql would do it."""
    with connections[alias].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connections[alias].close()


def one(alias: str, question: str) -> object:
    """The first value of the answer."""
    with connections[alias].cursor() as cursor:
        cursor.execute(question)
        answer = cursor.fetchone()
    connections[alias].close()
    return answer and answer[0]
