"""Bring prepared mails to the mail server, a slice at a time: gate, deliver, record."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from campaigns.delivery.outcomes import NotSent, SenderFault
from campaigns.models import Campaign, Sender
from campaigns.sending.connections import Routes
from campaigns.sending.gate import VALID_FOR, gate, renew, ungate
from campaigns.sending.prepare import Prepared
from campaigns.sending.record import Verdict, record
from campaigns.sending.settle import blame_sender, refused_at_gate, sender_fault, verdict_of

MOST_AT_ONCE = 50  # mails gated together on a fast server; a slow one brings it down to what it takes in half a second
AIM = 0.5  # seconds from gate to the last mail's content: half of what is allowed
GATE_EXPIRED = "gate_expired"


@dataclass
class Pace:
    """How many mails to gate at once, learned from how fast the server took the last ones."""

    size: int = 5

    def learn(self, mails: int, seconds: float) -> None:
        if mails:
            self.size = max(1, min(MOST_AT_ONCE, int(AIM * mails / max(seconds, 1e-6)), self.size * 4))


def deliver(campaign: Campaign, mails: Sequence[Prepared], *, sender: Sender, connections: Routes) -> int:
    """Send what passes the gate, over the sender's open connection; returns how many mails were settled.

    No mail begins its content more than VALID_FOR seconds after its gate: what does not make it in time is taken back
    and asked again. When the sender itself fails, the rest goes back to waiting.
    """
    pace = Pace()
    left = deque(mails)
    settled = 0
    while left:
        batch = [left.popleft() for _ in range(min(pace.size, len(left)))]
        renew([mail.claim for mail in left])
        verdicts, expired, fault = _slice(campaign, batch, sender=sender, connections=connections, pace=pace)
        left.extendleft(reversed(expired))
        now = timezone.now()
        if fault is not None:
            blame_sender(sender, fault, now=now)
            verdicts += [verdict_of(mail.claim, fault, now=now) for mail in left]
            left.clear()
        settled += record(campaign=campaign, verdicts=verdicts, at=now)
    return settled


def _slice(
    campaign: Campaign, batch: Sequence[Prepared], *, sender: Sender, connections: Routes, pace: Pace
) -> tuple[list[Verdict], list[Prepared], SenderFault | None]:
    gated_at = time.monotonic()
    answers = gate([mail.claim for mail in batch], [mail.merge_values for mail in batch])
    now = timezone.now()
    verdicts = [
        refused_at_gate(mail.claim, answers[mail.claim.message], now=now)
        for mail in batch
        if answers.get(mail.claim.message)
    ]
    passed = deque(mail for mail in batch if answers.get(mail.claim.message) == "")
    fault = None
    sent = 0
    while passed and fault is None and _is_fresh(gated_at):
        outcome = connections.to(sender).deliver(passed[0].envelope, before_data=lambda: _is_fresh(gated_at))
        if isinstance(outcome, NotSent) and outcome.reason == GATE_EXPIRED:
            break
        claim = passed.popleft().claim
        verdicts.append(verdict_of(claim, outcome, now=timezone.now()))
        sent += 1
        fault = sender_fault(outcome)
    pace.learn(sent, time.monotonic() - gated_at)
    if passed:
        ungate([mail.claim for mail in passed])
    return verdicts, list(passed), fault


def _is_fresh(gated_at: float) -> bool:
    return time.monotonic() - gated_at <= VALID_FOR
