"""What a verification found: one kind of fault in one place, how often, and what mends it."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

SAMPLES = 5


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """`id` is stable and lower_snake (`index_missing`); `where` names the object (`campaigns.name`).

    `samples` holds up to five keys of rows, as texts. `fix` is the command that mends it; `fix_sql` the statements for
    `--fix-sql`, printed and never run.
    """

    id: str
    severity: Severity
    where: str
    message: str
    count: int = 1
    samples: list[str] = field(default_factory=list)
    expected: str = ""
    found: str = ""
    fix: str = ""
    fix_sql: str = ""

    def as_json(self) -> dict[str, Any]:
        """The finding as plain values."""
        return asdict(self)
