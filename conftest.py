"""What every test shares."""

from collections.abc import Iterator

import pgtrigger
import pytest
from django.db.backends.postgresql.operations import DatabaseOperations

_flush = DatabaseOperations.execute_sql_flush


def _flush_past_the_triggers(self: DatabaseOperations, sql_list: list[str]) -> None:
    """Tests with real transactions empty the tables afterwards, which the append-only triggers would refuse."""
    with pgtrigger.ignore():
        _flush(self, sql_list)


@pytest.fixture(autouse=True, scope="session")
def _append_only_tables_can_be_emptied_between_tests() -> Iterator[None]:
    DatabaseOperations.execute_sql_flush = _flush_past_the_triggers
    yield
    DatabaseOperations.execute_sql_flush = _flush
