"""Questions to the database that may take too long: given up after a time, or asked of a part of the rows.

A question that no index answers looks at every row, and finds a page of the first fifty only where enough rows fit. So
a list is asked for whole first, which an index may answer at once; where that takes too long, it is looked through row
by row from where it begins, as far as there is time, and says how far that was.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Max, Min, QuerySet
from psycopg.errors import QueryCanceled

# Milliseconds in the database. Together with what else a page asks they are to stay below a tenth of a second.
AT_ONCE = 20
IN_STEPS = 60
SHARED_BY = 1  # times as long for each statement: tests say how many of them share the machine
FIRST_STEP = 5_000  # rows; small enough to be looked at in time whatever is asked of them
FASTEST = 4  # times as many rows in the next step, at the most: what was quick may have been luck
MARGIN = 0.7  # of the time that is left is planned with
WORTHWHILE = 0.5  # of the rows of the last step: a smaller one is left to the next page


class TookTooLong(Exception):
    """The database was not through in the time it had."""


@contextmanager
def within(milliseconds: int) -> Iterator[None]:
    """Each statement inside may take so long; TookTooLong where one does not end by then, and nothing inside counts."""
    try:
        with transaction.atomic():
            usual = _allow(f"{milliseconds * SHARED_BY}ms")
            yield
            _allow(usual)
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TookTooLong from error
        raise


@dataclass(frozen=True)
class Part:
    """The keys that were found, in the order of the list.

    Where there was no time for all of it, `reached` is the key up to which rows were looked at, to go on from, and
    `share` says how much of the whole table lies on this side of it, from 0 to 1.
    """

    keys: list[int]
    reached: int | None = None
    share: float = 1.0


def look(rows: QuerySet, *, most: int, beyond: int | None = None, upward: bool = False) -> Part:
    """Up to `most` of `rows`, those with the highest keys first, from below the key `beyond` on.

    With `upward` the lowest keys come first, from above `beyond` on. A part with fewer than `most` keys that says
    nothing of `reached` has all there are.
    """
    ordered = rows.order_by("pk" if upward else "-pk").values_list("pk", flat=True)
    there = ordered if beyond is None else ordered.filter(**{"pk__gt" if upward else "pk__lt": beyond})
    try:
        with within(AT_ONCE):
            return Part(list(there[:most]))
    except TookTooLong:
        return _Steps(ordered, beyond=beyond, upward=upward).take(most)


class _Steps:
    """Rows by ranges of their keys: of each as many as there are keys, or fewer."""

    def __init__(self, ordered: QuerySet, *, beyond: int | None, upward: bool):
        self._ordered, self._upward = ordered, upward
        ends = ordered.model._default_manager.aggregate(low=Min("pk"), high=Max("pk"))
        self._low, self._high = ends["low"] or 0, ends["high"] or 0
        begin = self._low - 1 if upward else self._high + 1
        self._reached = begin if beyond is None else beyond

    def take(self, most: int) -> Part:
        """Step by step, each as large as it may well be in the time that is left, by what the last one took."""
        ends_at = time.monotonic() + IN_STEPS / 1000
        began, size = time.monotonic(), FIRST_STEP
        keys = self._step(size, most)  # without a limit: whatever it takes, the next page begins further on
        while len(keys) < most and not self._is_through:
            now = time.monotonic()
            left, took = ends_at - now, now - began
            growth = min(MARGIN * left / took, FASTEST)
            if growth < WORTHWHILE:
                break
            began, size = now, int(size * growth)
            try:
                with within(max(int(left * 1000), 1)):
                    keys += self._step(size, most - len(keys))
            except TookTooLong:
                break
        if len(keys) == most or self._is_through:
            return Part(keys)
        return Part(keys, self._reached, self._share)

    def _step(self, size: int, most: int) -> list[int]:
        if self._upward:
            end = self._reached + size
            some = self._ordered.filter(pk__gt=self._reached, pk__lte=end)
        else:
            end = self._reached - size
            some = self._ordered.filter(pk__lt=self._reached, pk__gte=end)
        keys = list(some[:most])
        self._reached = end
        return keys

    @property
    def _is_through(self) -> bool:
        return self._reached >= self._high if self._upward else self._reached <= self._low

    @property
    def _share(self) -> float:
        behind = self._reached - self._low if self._upward else self._high + 1 - self._reached
        return min(max(behind / (self._high + 1 - self._low), 0.0), 1.0)


def _allow(limit: str) -> Any:
    """Set the limit for the rest of the transaction, or until its savepoint is rolled back; answers the one before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('statement_timeout'), set_config('statement_timeout', %s, true)", [limit]
        )
        return cursor.fetchone()[0]
