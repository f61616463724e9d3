"""The outcome of an examination."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaigns_project.runtime.health.check import Check, Level, Subject, worst

GROUND = ("database", "migrations")  # without these nothing else can be asked, and no request can be served


@dataclass(frozen=True)
class Card:
    """What was found about one subject."""

    name: str
    title: str
    level: Level
    checks: list[Check]


@dataclass(frozen=True)
class Examination:
    """All that was found, in the order of the subjects, and when."""

    at: datetime
    checks: list[Check]

    @property
    def level(self) -> Level:
        """The worst of it."""
        return worst(check.level for check in self.checks)

    @property
    def is_cut_short(self) -> bool:
        """The database or its tables failed, so that nothing was asked that needs them."""
        return any(check.level == Level.FAIL and check.name in GROUND for check in self.checks)

    @property
    def is_healthy(self) -> bool:
        """Nothing failed; warnings may stand."""
        return self.level != Level.FAIL

    def cards(self, subjects: Iterable[Subject]) -> list[Card]:
        """The checks by subject, what needs somebody first; a subject that was not examined has no card."""
        found = [(each, [check for check in self.checks if check.name == each.name]) for each in subjects]
        made = [
            Card(subject.name, subject.title, worst(check.level for check in checks), checks)
            for subject, checks in found
            if checks
        ]
        return sorted(made, key=lambda card: -card.level.rank)

    def as_json(self) -> dict[str, Any]:
        """Plain values, as `doctor --json` and the API show them."""
        return {"healthy": self.is_healthy, "as_of": self.at, "checks": [check.as_json() for check in self.checks]}


def exit_code(checks: Iterable[Check], *, fail_on: Level = Level.FAIL) -> int:
    """0 when nothing is as bad as `fail_on`, 8 when something we depend on is down, 6 for any other trouble."""
    found = list(checks)
    if any(check.down for check in found):
        return 8
    return 6 if any(check.level.rank >= fail_on.rank for check in found) else 0
