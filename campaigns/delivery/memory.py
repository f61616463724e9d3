"""A backend that keeps what it is given, for tests and previews."""

from collections.abc import Iterable, Iterator
from functools import partial

from campaigns.delivery.base import Envelope, Gate, GateAt
from campaigns.delivery.outcomes import GATE_EXPIRED, Accepted, NotSent, Outcome, Outcomes, Stage

ACCEPTED = Accepted(250, "250 2.0.0 kept in memory")


class MemoryBackend:
    """Answers with `answers` in turn, then with `answer`; `mails` holds what was accepted, `asked` everything given.

    As on the wire, the gate is asked before the content, so a gate that says no keeps the mail out of `mails`.
    """

    def __init__(self, *, answer: Outcome = ACCEPTED, answers: Iterable[Outcome] = ()):
        self.mails: list[Envelope] = []
        self.asked: list[Envelope] = []
        self._answer = answer
        self._answers: Iterator[Outcome] = iter(answers)

    def deliver(self, envelope: Envelope, *, before_data: Gate | None = None) -> Outcome:
        """The next scripted answer, or NotSent("gate_expired")."""
        self.asked.append(envelope)
        if before_data and not before_data():
            return NotSent(GATE_EXPIRED, Stage.DATA)
        outcome = next(self._answers, self._answer)
        if isinstance(outcome, Accepted):
            self.mails.append(envelope)
        return outcome

    def deliver_many(self, envelopes: Iterable[Envelope], *, before_data: GateAt | None = None) -> Outcomes:
        """deliver() for each of them."""
        for place, envelope in enumerate(envelopes):
            yield self.deliver(envelope, before_data=partial(before_data, place) if before_data else None)

    def close(self) -> None:
        """There is nothing to close; what was kept stays."""
