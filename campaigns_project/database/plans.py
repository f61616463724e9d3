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
