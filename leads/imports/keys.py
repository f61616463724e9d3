"""The keys of rows as received, taken from the database before the rows are read.

Whoever reads has no connection, and a line that has its key when it is made is sent as it is.
"""

from collections import deque
from collections.abc import Iterator

from django.db import connection

# The name of the sequence is looked up once, not with every number; they come and go as the texts they are sent as.
_RESERVE = """
SELECT string_agg(nextval(name)::text, ' ')
FROM (SELECT pg_get_serial_sequence('raw_leads', 'id')::regclass AS name OFFSET 0) AS sequence, generate_series(1, %s)
"""


class RawKeys(Iterator[bytes]):
    """One thread reserves, another may take; no more are reserved than there are rows."""

    def __init__(self, *, rows: int):
        self._left = rows
        self._keys: deque[bytes] = deque()

    def reserve(self, count: int) -> None:
        """Have as many more at hand, or as many as there are rows left."""
        count = min(count, self._left)
        if count:
            self._left -= count
            with connection.cursor() as cursor:
                cursor.execute(_RESERVE, [count])
                self._keys.extend(cursor.fetchone()[0].encode().split())

    def __next__(self) -> bytes:
        return self._keys.popleft()
