"""Checks of rows, filled in by the apps that own them (`AppConfig.ready`), lowest first."""

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
