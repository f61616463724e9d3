"""Keys of rows that are to be written, taken from the database before.

Whoever reads has no connection, and a line that has its key when it is made is sent as it is.
"""

from collections import deque
from collections.abc import Iterator

from django.db import connection

# The name of the sequence is looked up once, not with every number; they come and go as the texts they are sent as.
_RESERVE = """
SELECT string_agg(nextval(name)::text, ' ')
FROM (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS name OFFSET 0) AS sequence, generate_series(1, %s)
"""


def reserve_keys(table: str, count: int) -> list[bytes]:
    """So many keys for rows of a table that nobody else gets, each as the text it is sent as, in growing order."""
    if not count:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE, [table, count])
        found: str = cursor.fetchone()[0]
        return found.encode().split()


class RawKeys(Iterator[bytes]):
    """Those of rows as received: one thread reserves, another may take; no more are reserved than there are rows."""

    def __init__(self, *, rows: int):
        self._left = rows
        self._keys: deque[bytes] = deque()

    def reserve(self, count: int) -> None:
        """Have as many more at hand, or as many as there are rows left."""
        count = min(count, self._left)
        self._left -= count
        self._keys.extend(reserve_keys("raw_leads", count))

    def __next__(self) -> bytes:
        return self._keys.popleft()
