"""How the database is to go about a statement, where what its planner takes for granted does not hold.

Each holds for what is asked inside it, whatever held before, and that holds again afterwards: they can stand in one
another. What fails inside takes its savepoint or transaction back, and what was set in it as well.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

_WITHOUT_LOOPS = {"enable_nestloop": "off"}
_BY_INDEX = {
    "enable_seqscan": "off", "enable_bitmapscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off",
    "jit": "off",
}  # fmt: skip
# The memory is for each node of a plan, in each process.
_WHOLE_TABLES = {
    "enable_indexscan": "off", "enable_indexonlyscan": "off", "enable_bitmapscan": "off", "enable_nestloop": "off",
    "enable_mergejoin": "off", "jit": "off", "work_mem": "16MB",
}  # fmt: skip
# What cannot be avoided is given so high a price by some versions of Postgres that they would compile the statement.
_WITHOUT_SCANS = {"enable_seqscan": "off", "jit": "off"}


@contextmanager
def without_loops() -> Iterator[CursorWrapper]:
    """A cursor for statements that join many rows with many: each table is read once, and not anew for each row.

    Tables without statistics, as they are right after a bulk load, look tiny, and the planner then picks nested loops
    that take minutes at 100,000 rows. It holds for joins, and not for what is asked by a subquery for each row.
    """
    with transaction.atomic(), connection.cursor() as cursor, _switched(cursor, _WITHOUT_LOOPS):
        yield cursor


@contextmanager
def by_index() -> Iterator[CursorWrapper]:
    """A cursor for statements that look for few rows among very many, in a transaction: each is found by its index.

    Statistics are from before the last batches of a long work, and by them a planner reads the whole table again for
    each.
    """
    with transaction.atomic(), connection.cursor() as cursor, _switched(cursor, _BY_INDEX):
        yield cursor


@contextmanager
def whole_tables(cursor: CursorWrapper) -> Iterator[None]:
    """Read every table from its first page to its last with `cursor`, which is in a transaction.

    For checks: an index may be what is broken, so that asked through it a row is there, or is not; and of a whole
    table a pass with hash joins is the quickest way, whatever the statistics say.
    """
    with _switched(cursor, _WHOLE_TABLES):
        yield


def rows_by_index(statement: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of one statement in a transaction, for which a list that seems short is not read for each row anew.

    One round trip, where `by_index` takes three: what stood before is kept in settings of ours meanwhile.
    """
    keep = ", ".join(
        f"set_config('before.{name}', current_setting('{name}'), true), set_config('{name}', '{value}', true)"
        for name, value in _WITHOUT_SCANS.items()
    )
    back = ", ".join(f"set_config('{name}', current_setting('before.{name}'), true)" for name in _WITHOUT_SCANS)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {keep}; {statement}; SELECT {back}", params)
        cursor.nextset()
        return cursor.fetchall()


@contextmanager
def _switched(cursor: CursorWrapper, switches: Mapping[str, str]) -> Iterator[None]:
    """These settings until the end of the block, in a transaction."""
    cursor.execute(f"SELECT {', '.join(f"current_setting('{name}')" for name in switches)}")
    before = dict(zip(switches, cursor.fetchone(), strict=True))
    _set(cursor, switches)
    yield
    _set(cursor, before)


def _set(cursor: CursorWrapper, switches: Mapping[str, str]) -> None:
    cursor.execute(f"SELECT {', '.join(f"set_config('{name}', '{value}', true)" for name, value in switches.items())}")
