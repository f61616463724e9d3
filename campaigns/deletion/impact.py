"""What a deletion would do, in numbers."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

# Opens and clicks of a campaign that was sent go on coming in while somebody types its name: were they in the token,
# nobody would ever get to the end of it.
OF_THEMSELVES = frozenset({"events", "queued_tasks"})


@dataclass(frozen=True)
class Blocker:
    """Something that has to end before: `code` (a BlockerCode) for programs, `message` says what and what to do."""

    code: str
    message: str


@dataclass(frozen=True)
class Impact:
    """What would be removed and what stays, by lower_snake labels such as `variant_versions`, counted at `counted_at`.

    `missing` names tables of loose references that the database lacks: they have no rows to remove, and are reported.
    `token` stands for exactly these numbers of exactly this subject. `seconds` is how long counting took.
    """

    subject: str
    removed: dict[str, int]
    stays: dict[str, int]
    blockers: list[Blocker]
    missing: list[str]
    counted_at: datetime
    seconds: float

    @property
    def total(self) -> int:
        """All rows that would be removed, that of the subject included."""
        return sum(self.removed.values())

    @property
    def token(self) -> str:
        """A short hash over the subject and what would be removed, but for what nobody decides on."""
        told = json.dumps([self.subject, sorted(each for each in self.removed.items() if each[0] not in OF_THEMSELVES)])
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    @property
    def is_blocked(self) -> bool:
        return bool(self.blockers)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for API, pages and commands."""
        return {**asdict(self), "total": self.total, "token": self.token}
