"""What pre-flight finds, as plain values."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from campaigns.models import Step, Variant

BLOCK, WARN, INFO = "block", "warn", "info"
LEVELS = (BLOCK, WARN, INFO)


@dataclass(frozen=True)
class Problem:
    """One finding. A campaign cannot start before what blocks is mended; a warning wants to be read; an info is a note.

    `place` is the wording it is about and `field` the merge field, where it is about one. `leads` are some of those it
    concerns, as examples.
    """

    code: str
    message: str
    hint: str
    level: str = BLOCK
    count: int | None = None
    leads: tuple[int, ...] = ()
    place: str = ""
    field: str = ""

    @property
    def blocks(self) -> bool:
        return self.level == BLOCK

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "code": str(self.code), "leads": list(self.leads)}

    @classmethod
    def of_dict(cls, values: dict[str, Any]) -> "Problem":
        """The one `as_dict` made `values` of."""
        return cls(**{**values, "leads": tuple(values["leads"])})


@dataclass(frozen=True)
class Report:
    """All findings about one state of a campaign, which `snapshot` stands for.

    `mails` is how many would be made, `rendered` how many were for this report: fewer where a large campaign has not
    been checked in full since it was changed.
    """

    problems: tuple[Problem, ...]
    snapshot: str
    checked_at: datetime
    mails: int
    rendered: int

    @property
    def is_full(self) -> bool:
        return self.rendered >= self.mails

    @property
    def blocking(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.blocks]

    @property
    def warnings(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.level == WARN]

    def as_dict(self) -> dict[str, Any]:
        return {
            "ready": not self.blocking,
            "problems": [problem.as_dict() for problem in self.problems],
            "snapshot": self.snapshot,
            "checked_at": self.checked_at,
            "mails": self.mails,
            "rendered": self.rendered,
            "is_full": self.is_full,
        }


def people(number: int) -> str:
    """A count of recipients in words."""
    return "1 recipient" if number == 1 else f"{number:,} recipients"


def place_of(step: Step, variant: Variant) -> str:
    """Which wording is meant, in words."""
    return f"step {step.position}, variant {variant.label}"
