from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, connections


@pytest.fixture
def other_session() -> Iterator[Callable[..., list[Any]]]:
    """Runs statements on a database connection of its own, each committed at once; answers rows where there are."""
    with closing(connections.create_connection(DEFAULT_DB_ALIAS)) as session, session.cursor() as cursor:

        def run(statement: str, params: list[Any] | None = None) -> list[Any]:
            cursor.execute(statement, params)
            return cursor.fetchall() if cursor.description else []

        yield run
