"""What an examination says: one sentence about one thing, how bad it is, and what to do."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum
from typing import Any


class Level(StrEnum):
    """`NOTE` is neither good nor bad: not configured, not asked, not known yet."""

    OK = "ok"
    NOTE = "note"
    WARN = "warn"
    FAIL = "fail"

    @property
    def rank(self) -> int:
        """How bad it is; notes do not count."""
        return {Level.WARN: 1, Level.FAIL: 2}.get(self, 0)


@dataclass(frozen=True)
class Check:
    """One finding about a subject. `down` marks a failure of something that is not ours: a database, a mail server.

    `details` are further lines for who wants to see more. `shareable` stands in for message and details in the support
    bundle, where these hold what people typed, addresses, or words of another server.
    """

    name: str
    level: Level
    message: str
    fix: str = ""
    down: bool = False
    details: tuple[str, ...] = ()
    shareable: str = ""

    def as_json(self) -> dict[str, Any]:
        """For those who run the installation."""
        kept = {name: value for name, value in asdict(self).items() if name != "shareable"}
        return {**kept, "details": list(self.details)}

    def for_support(self) -> dict[str, Any]:
        """The same without names, addresses and what people typed."""
        said = {"message": self.shareable, "details": [], "fix": ""} if self.shareable else {}
        return {**self.as_json(), **said}


class Needs(IntEnum):
    """What must work before a subject can be asked."""

    NOTHING = 0
    DATABASE = 1  # or is about the database itself: these are asked in order, up to the first that fails
    TABLES = 2


@dataclass(frozen=True)
class Subject:
    """Something to examine. `name` is a word for `doctor --only`, `title` heads its card.

    `is_quick`: it asks nothing but this process and the database, so pages may ask it each time. `is_asked_for`: it
    calls on the outside, so it is examined only where it is named.
    """

    name: str
    title: str
    examine: Callable[[], Iterable[Check]]
    needs: Needs = Needs.NOTHING
    is_quick: bool = True
    is_asked_for: bool = False


def worst(levels: Iterable[Level]) -> Level:
    """The worst of them; a note where there is nothing but notes."""
    found = list(levels)
    return max(found, key=lambda level: (level.rank, level == Level.OK), default=Level.NOTE)


def in_words(age: timedelta | None) -> str:
    """A duration in one unit, two of it at least: 90 s, 5 min, 3 h, 2 d."""
    seconds = max(0, int(age.total_seconds())) if age else 0
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size * 2:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def counted(number: int, noun: str, plural: str = "") -> str:
    """1 task, 2 tasks; `plural` where an s is not enough."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def in_bytes(size: int) -> str:
    """A size in the unit that leaves one to four digits: 812 MB, 3.2 GB."""
    amount, units = float(size), ("bytes", "kB", "MB", "GB", "TB")
    for unit in units:
        if amount < 1000 or unit == units[-1]:
            return f"{amount:.0f} {unit}" if amount >= 100 or unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    raise AssertionError("the last unit takes everything")
