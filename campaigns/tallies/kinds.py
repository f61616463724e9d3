"""What is counted of a campaign, by name. Higher apps add theirs when they are loaded."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from campaigns.models import Campaign

type Figures = dict[str, Any]
type Count = Callable[[Campaign, datetime], Figures]  # as of that moment

_kinds: dict[str, Count] = {}


def counts(kind: str, count: Count) -> None:
    """Have `count` answer for `kind`; what it answers must survive being written as JSON."""
    _kinds[kind] = count


def count_of(kind: str) -> Count:
    """The function that counts `kind`; KeyError where nobody does."""
    return _kinds[kind]


def all_kinds() -> list[str]:
    """Every kind there is."""
    return sorted(_kinds)
