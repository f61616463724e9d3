"""Several large tables read as they stood at one moment, without a transaction that waits for the reader."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import TYPE_CHECKING

import psycopg
from django.db import connection, transaction
from django.db.models import QuerySet
from psycopg.adapt import Loader

if TYPE_CHECKING:
    from psycopg.abc import Buffer

_numbers = count(1)


@contextmanager
def held_rows[Read](
    queries: Mapping[str, QuerySet], *, read: Callable[[], Read]
) -> Iterator[tuple[dict[str, psycopg.ServerCursor], Read]]:
    """A cursor for each of `queries` (lists of values), and what `read` answers, all of one snapshot.

    The database keeps the results in temporary files of its own (WITH HOLD), so that a slow reader at the other end of
    a download holds up neither vacuum nor a deletion. Times come as RFC 3339 text. Inside a caller's transaction, that
    one's isolation decides.
    """
    is_own = not connection.in_atomic_block
    with ExitStack() as stack:
        with transaction.atomic():
            if is_own:
                connection.cursor().execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            beside = read()
            held = {name: stack.enter_context(_declare(query)) for name, query in queries.items()}
        yield held, beside


class _Iso(Loader):
    """A time as RFC 3339 text, straight from that of the database: Django's sessions are in UTC."""

    def load(self, data: "Buffer") -> str:
        text = bytes(data).decode()
        return f"{text[:10]}T{text[11:].replace('+00', 'Z')}"


def _declare(query: QuerySet) -> psycopg.ServerCursor:
    cursor = connection.connection.cursor(f"held_{next(_numbers)}", withhold=True, scrollable=False)
    cursor.adapters.register_loader("timestamptz", _Iso)
    return cursor.execute(*query.query.sql_with_params())
