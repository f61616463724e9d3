"""Bring prepared mails to the mail server, a slice at a time: gate, deliver, record."""

import math
import time
from collections import deque
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from campaigns.delivery.base import Backend
from campaigns.delivery.outcomes import Accepted, NotSent, SenderFault
from campaigns.models import Campaign, Sender
from campaigns.scheduling import next_opening
from campaigns.sending.connections import Routes
from campaigns.sending.gate import VALID_FOR, gate, renew, ungate
from campaigns.sending.journal import Journal
from campaigns.sending.prepare import Prepared
from campaigns.sending.record import Verdict, record
from campaigns.sending.settle import (
    blame_sender,
    not_now,
    praise_sender,
    refused_at_gate,
    sender_fault,
    verdict_of,
)

MOST_AT_ONCE = 250  # mails gated together on a fast server; a slow one brings it down to what it takes in half a second
AIM = 0.5  # seconds from gate to the last mail's content: half of what is allowed
RENEW_AFTER = 15.0  # seconds; a lease is ten times as long
GATE_EXPIRED = "gate_expired"


@dataclass
class Pace:
    """How many mails to gate at once, learned from how fast the server took the last ones."""

    size: int = 5

    def learn(self, mails: int, seconds: float) -> None:
        if mails:
            self.size = max(1, min(MOST_AT_ONCE, int(AIM * mails / max(seconds, 1e-6)), self.size * 4))


@dataclass
class _Slice:
    """What became of some mails: settled, or gated too long ago to go; and whether the sender itself failed."""

    verdicts: list[Verdict] = field(default_factory=list)
    expired: deque[Prepared] = field(default_factory=deque)
    fault: SenderFault | None = None
    accepted: int = 0


def deliver(
    campaign: Campaign,
    mails: Sequence[Prepared],
    *,
    sender: Sender,
    connections: Routes,
    journal: Journal,
    pace: Pace | None = None,
    until: float = math.inf,
) -> int:
    """Send what passes the gate, over the sender's open connection; returns how many mails were settled.

    No mail begins its content more than VALID_FOR seconds after its gate: what does not make it in time is taken back
    and asked again. When the sender itself fails, when the turn is over (`until`, monotonic) or the window has closed,
    the rest goes back to waiting. `pace` is what is known already of how fast the server is.
    """
    pace = pace or Pace()
    left = deque(mails)
    settled = 0
    renewed_at = time.monotonic()
    while left:
        due = _not_before(campaign, until)
        if due is not None:
            return settled + record(
                campaign=campaign, verdicts=[not_now(mail.claim, due=due) for mail in left], at=timezone.now()
            )
        if time.monotonic() - renewed_at > RENEW_AFTER:
            renew([mail.claim for mail in left])
            renewed_at = time.monotonic()
        batch = [left.popleft() for _ in range(min(pace.size, len(left)))]
        one = _send_slice(campaign, batch, backend=connections.to(sender), pace=pace, journal=journal)
        left.extendleft(reversed(one.expired))
        settled += _settle(campaign, one, left, sender)
    return settled


def _not_before(campaign: Campaign, until: float) -> datetime | None:
    """When the rest may go, if not now; asked of the campaign as it is, since windows are edited while it runs."""
    now = timezone.now()
    if time.monotonic() >= until:
        return now
    fresh = Campaign.objects.filter(pk=campaign.pk).first()
    opens = next_opening(fresh, now) if fresh else now
    return opens if opens > now else None


def _settle(campaign: Campaign, one: _Slice, left: deque[Prepared], sender: Sender) -> int:
    now = timezone.now()
    if one.fault is not None:
        blame_sender(sender, one.fault, now=now)
        one.verdicts += [verdict_of(mail.candidate, one.fault, now=now) for mail in left]
        left.clear()
    elif one.accepted:
        praise_sender(sender)
    return record(campaign=campaign, verdicts=one.verdicts, at=now)


def _send_slice(
    campaign: Campaign, batch: Sequence[Prepared], *, backend: Backend, pace: Pace, journal: Journal
) -> _Slice:
    gated_at = time.monotonic()
    answers = gate([mail.candidate for mail in batch])
    now = timezone.now()
    refused = [mail.claim for mail in batch if answers.get(mail.claim.message)]
    done = _Slice([refused_at_gate(claim, answers[claim.message], now=now) for claim in refused])
    passed = deque(mail for mail in batch if answers.get(mail.claim.message) == "")
    try:
        _hand_over(passed, done, backend, gated_at, journal)
    except BaseException:
        # What was not at the server goes back and what was answered is kept; only the one in hand is in doubt.
        ungate([mail.claim for mail in list(passed)[1:]])
        record(campaign=campaign, verdicts=done.verdicts, at=timezone.now())
        raise
    pace.learn(done.accepted, time.monotonic() - gated_at)
    if passed:
        ungate([mail.claim for mail in passed])
    done.expired = passed
    return done


def _hand_over(passed: deque[Prepared], done: _Slice, backend: Backend, gated_at: float, journal: Journal) -> None:
    """The mails in one stream, as long as the gate's answer holds; those that were tried leave `passed`."""
    mails = list(passed)

    def may_begin(place: int) -> bool:
        if time.monotonic() - gated_at > VALID_FOR:
            return False
        journal.begin(mails[place].claim)
        return True

    outcomes = backend.deliver_many([mail.envelope for mail in mails], before_data=may_begin)
    # Closed at once when it is left early, and not some time later: it may hold the connection in mid-transaction.
    with closing(outcomes):
        for mail, outcome in zip(mails, outcomes, strict=False):
            journal.ended(mail.claim, outcome)
            if isinstance(outcome, NotSent) and outcome.reason == GATE_EXPIRED:
                return
            done.verdicts.append(verdict_of(mail.candidate, outcome, now=timezone.now()))
            passed.popleft()
            done.accepted += isinstance(outcome, Accepted)
            done.fault = sender_fault(outcome)
            if done.fault is not None:
                return
