"""The answer: gates in order, the one that decides, and a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from campaigns.why.codes import GateCode, WhyCode

# Where the code does not read well by itself on a page.
_TITLES = {
    GateCode.STATE: "Campaign",
    GateCode.FETCHING: "Leads",
    GateCode.MESSAGE: "Earlier mail",
    GateCode.CONTENT: "Wording",
    GateCode.DECISIONS: "Uncertain mails",
    GateCode.RECIPIENTS: "Due",
    GateCode.CAMPAIGN_DAILY_LIMIT: "Mails a day",
    GateCode.NEW_LEADS_LIMIT: "New leads a day",
    GateCode.DOMAIN_LIMIT: "Mails to a domain",
}


@dataclass(frozen=True)
class Gate:
    """One thing a mail has to pass. `why` says why it is shut, and is None for one that is open.

    `is_in_order`: shut as somebody wanted it, or opening by itself; False where a person has to do something.
    `until` is when it opens, where that is known.
    """

    code: GateCode
    sentence: str
    why: WhyCode | None = None
    is_in_order: bool = True
    until: datetime | None = None
    numbers: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The gate's name for people."""
        return _TITLES.get(self.code) or self.code.value.replace("_", " ").capitalize()

    @property
    def ok(self) -> bool:
        return self.why is None

    def as_dict(self) -> dict[str, Any]:
        return {
            "code": self.code.value,
            "ok": self.ok,
            "why": self.why.value if self.why else "",
            "sentence": self.sentence,
            "until": self.until,
            **self.numbers,
        }


@dataclass(frozen=True)
class Standing:
    """Where a campaign or a recipient stands at one moment."""

    gates: Sequence[Gate]
    open_sentence: str  # what is said when every gate is open
    next_send_at: datetime | None

    @property
    def deciding(self) -> Gate | None:
        """The shut gate that matters most: of what a person has to mend the first, else the first of all.

        One that stands before the others, such as a state that sends nothing, makes them idle.
        """
        shut = [gate for gate in self.gates if not gate.ok]
        if shut and shut[0].code in _FINAL:
            return shut[0]
        return next((gate for gate in shut if not gate.is_in_order), shut[0] if shut else None)

    @property
    def code(self) -> WhyCode:
        return (self.deciding and self.deciding.why) or WhyCode.HEALTHY

    @property
    def healthy(self) -> bool:
        """True when nobody has to do anything for the next mail to leave, or none is meant to."""
        return self.deciding is None or self.deciding.is_in_order

    @property
    def summary(self) -> str:
        return self.deciding.sentence if self.deciding else self.open_sentence

    def as_dict(self) -> dict[str, Any]:
        return {
            "code": self.code.value,
            "healthy": self.healthy,
            "summary": self.summary,
            "next_send_at": self.next_send_at,
            "gates": [gate.as_dict() for gate in self.gates],
        }


# While one of these is shut nothing behind it has a say.
_FINAL = frozenset({GateCode.MEMBERSHIP, GateCode.SUPPRESSION, GateCode.STATE})
