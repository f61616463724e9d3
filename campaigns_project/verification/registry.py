"""Checks of rows, filled in by the apps that own them (in their `wiring`), lowest first."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from campaigns_project.verification.finding import Finding

RowCheck = Callable[[CursorWrapper], Iterable[Finding]]


class Registered(NamedTuple):
    """`name` is what a report calls the check, e.g. "the sum rule"."""

    name: str
    run: RowCheck


_checks: list[Registered] = []


def verifies(name: str, check: RowCheck) -> None:
    """Have `check` run by every verification, on a cursor inside its one read-only snapshot."""
    _checks.append(Registered(name, check))


def row_checks() -> list[Registered]:
    """All checks, in the order in which they were filled in."""
    return list(_checks)


class UsedIds(NamedTuple):
    """Keys of `table` that were given out once and stand in `column` of `kept_in` after their rows are gone."""

    table: str
    kept_in: str
    column: str


_used_ids: list[UsedIds] = []


def keeps_used_ids(table: str, *, kept_in: str, column: str = "id") -> None:
    """Have every verification hold the sequence of `table` against the numbers in `column` of `kept_in` too."""
    _used_ids.append(UsedIds(table, kept_in, column))


def used_ids() -> list[UsedIds]:
    """All that were filled in."""
    return list(_used_ids)
