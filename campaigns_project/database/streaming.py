"""Many rows, some at a time."""

from collections.abc import Generator
from typing import Any

from django.db import connections, transaction
from django.db.models import QuerySet


def streamed(rows: QuerySet[Any, Any], *, size: int = 2_000) -> Generator[Any]:
    """`rows`, `size` at a time in memory, in a transaction that lasts until the last of them.

    By itself Django keeps a cursor of the session outside transactions: a proxy that pools transactions has none, and
    what was to be a long file would end after its header. It lasts as long as whoever reads: a server that ends idle
    transactions would cut the file of a slow one.
    """
    with transaction.atomic(using=rows.db):
        with connections[rows.db].cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield from rows.iterator(chunk_size=size)
