"""How the database is to go about a statement over very many rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction


@contextmanager
def without_loops() -> Iterator[Any]:
    """A cursor for statements that join many rows with many: each table is read once, and not anew for each row.

    Tables without statistics, as they are right after a bulk load, look tiny, and the planner then picks nested loops
    that take minutes at 100,000 rows. It holds for joins, and not for what is asked by a subquery for each row.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        yield cursor
        cursor.execute("SET LOCAL enable_nestloop = on")


@contextmanager
def by_index() -> Iterator[Any]:
    """A cursor for statements that look for few rows among very many, in a transaction: each is found by its index.

    Statistics are from before the last batches of a long work, and by them a planner reads the whole table again for
    each. It holds to the end of the transaction.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_BY_INDEX)
        yield cursor


_BY_INDEX = """
SET LOCAL enable_seqscan TO off; SET LOCAL enable_bitmapscan TO off; SET LOCAL enable_hashjoin TO off;
SET LOCAL enable_mergejoin TO off; SET LOCAL jit TO off
"""
