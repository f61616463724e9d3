"""What one verification answers."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Self

from campaigns_project.verification.finding import Finding, Severity


@dataclass(frozen=True)
class Report:
    """All findings of one verification, errors first, with what was looked at.

    `identity` and `server` say which database it was, never with a password; `compared_with` what its schema was held
    against; `fingerprint` is a short hash of the schema as it is, the same wherever nothing differs from
    `expected_fingerprint`. `checks` names everything that was asked, in order. `next_numbers` holds what the sequences
    would give, by column.
    """

    identity: str
    server: str
    begun_at: datetime
    seconds: float
    compared_with: str
    fingerprint: str
    expected_fingerprint: str
    checks: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    next_numbers: dict[str, int] = field(default_factory=dict)

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == Severity.ERROR]

    @property
    def warnings(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == Severity.WARNING]

    @property
    def is_clean(self) -> bool:
        """No errors; warnings may stand."""
        return not self.errors

    @property
    def counts(self) -> dict[str, int]:
        """How many findings there are by id."""
        return dict(Counter(finding.id for finding in self.findings))

    def as_json(self) -> dict[str, Any]:
        """The report as plain values, what `verify_schema --json` prints."""
        return {**asdict(self), "begun_at": self.begun_at.isoformat(), "clean": self.is_clean}

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> Self:
        """The report that `as_json` was made of."""
        values = {name: value for name, value in given.items() if name != "clean"}
        findings = [Finding(**{**each, "severity": Severity(each["severity"])}) for each in given["findings"]]
        return cls(**{**values, "begun_at": datetime.fromisoformat(given["begun_at"]), "findings": findings})
