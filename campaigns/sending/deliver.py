"""Bring prepared mails to the mail server, a slice at a time: gate, deliver, record."""

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

from campaigns.delivery.base import Backend
from campaigns.delivery.outcomes import GATE_EXPIRED, Accepted, NotSent, SenderFault
from campaigns.models import Campaign, MessageStatus, Sender
from campaigns.scheduling import next_opening
from campaigns.sending.advance import free_to_move
from campaigns.sending.connections import Routes
from campaigns.sending.gate import VALID_FOR, gate, gate_again, ungate
from campaigns.sending.guard import COUNTED
from campaigns.sending.journal import Journal
from campaigns.sending.leases import renew
from campaigns.sending.limits import Gauge
from campaigns.sending.moment import Moment
from campaigns.sending.prepare import Prepared
from campaigns.sending.record import Verdict, record
from campaigns.sending.reserve import Limited, limited_by
from campaigns.sending.settle import (
    blame_sender,
    fault_at_mail,
    fault_of_many,
    in_vain,
    not_now,
    praise_sender,
    refused_at_gate,
    refused_at_mail,
    remember_counts,
    sender_fault,
    verdict_of,
)
from campaigns.sending.sizing import Pace
from campaigns_project.accounts.timezones import is_known, zone_of
from campaigns_project.workers.stopping import is_stopping

LOOK_EVERY = 0.5  # seconds between two looks at the campaign, whose window may be edited while its mails leave
MOST_REFUSED = 5  # mails in a row refused for good, before what the server says of the others is worth a look
RENEW_AFTER = 15.0  # seconds; with connecting and a transaction (140 s) still well within a lease
_MAY_HAVE_LEFT = {MessageStatus.SENT, MessageStatus.UNCERTAIN}


@dataclass
class _Slice:
    """What became of some mails: settled, or gated too long ago to go; and whether the sender itself failed."""

    verdicts: list[Verdict] = field(default_factory=list)
    expired: deque[Prepared] = field(default_factory=deque)
    others_may: list[int] = field(default_factory=list)  # recipients whose sender is full: another may have room
    fault: SenderFault | None = None
    accepted: int = 0
    refused_in_a_row: int = 0  # for good, and none taken since
    begun: set[int] = field(default_factory=set)


def deliver(
    campaign: Campaign,
    mails: Sequence[Prepared],
    *,
    sender: Sender,
    connections: Routes,
    journal: Journal,
    pace: Pace | None = None,
    until: float = math.inf,
    claimed_at: float | None = None,
    zones: Mapping[int, ZoneInfo] | None = None,
    step_back: Callable[[Sender], bool] = lambda sender: False,
    stirs: Callable[[], None] = lambda: None,
) -> int:
    """Send what passes the gate, over the sender's open connection; returns how many mails were settled.

    No mail begins its content more than VALID_FOR seconds after its gate: what does not make it in time is taken back
    and asked again. When the sender itself fails, when the turn is over (`until`, monotonic) or the window has closed,
    the rest goes back to waiting. `pace` is what is known already of how fast the server is, `claimed_at` (monotonic)
    when their lease began, if not now, `zones` are the time zones of recipients, by id, where the window follows their
    clocks. A sender whose server turned this connection away is left alone, unless `step_back` says that it goes on
    over others. `stirs` is called before each slice: who looks after this stream sees that it is not stuck.
    """
    pace = pace or Pace()
    pace.in_vain, pace.refused_at_mail = sender.in_vain, sender.refused_at_mail
    left = deque(_by_clock(mails, zones) if zones else mails)
    settled = 0
    renewed_at = time.monotonic() if claimed_at is None else claimed_at
    looked_at = -math.inf if claimed_at is None else claimed_at
    current = campaign
    while left:
        if time.monotonic() - looked_at > LOOK_EVERY:
            now_there = Campaign.objects.select_related("organization").filter(pk=campaign.pk).first()
            current, looked_at = now_there or campaign, time.monotonic()
        if waiting := _not_now(current, left, zones or {}, until):
            settled += record(campaign=campaign, verdicts=waiting, at=timezone.now())
            continue
        if time.monotonic() - renewed_at > RENEW_AFTER:
            renew(mail.claim for mail in left)
            renewed_at = time.monotonic()
        stirs()
        batch = [left.popleft() for _ in range(min(pace.size, len(left)))]
        limited = limited_by(campaign, sender)
        one = _send_slice(current, batch, backend=connections.to(sender), pace=pace, journal=journal, limited=limited)
        left.extendleft(reversed(one.expired))
        settled += _settle(campaign, one, left, sender, limited, pace=pace, step_back=step_back)
    return settled


def _by_clock(mails: Sequence[Prepared], zones: Mapping[int, ZoneInfo]) -> Iterable[Prepared]:
    """With the recipients' own clocks, by which the gate tells what day it is for them."""
    for mail in mails:
        yield mail._replace(candidate=mail.candidate._replace(zone=zones.get(mail.claim.recipient)))


def _not_now(campaign: Campaign, left: deque[Prepared], zones: Mapping[int, ZoneInfo], until: float) -> list[Verdict]:
    """Takes those out of `left` that may not go now."""
    now = timezone.now()
    if time.monotonic() >= until or is_stopping() or not is_known(campaign.timezone):
        over = [not_now(mail.claim, due=now) for mail in left]
        left.clear()
        return over
    own = zone_of(campaign.timezone)  # for a recipient without a zone of its own
    opens = {zone: next_opening(campaign, now, zone) for zone in {own, *zones.values()}}
    if all(at <= now for at in opens.values()):
        return []
    due = {mail.claim: opens[zones.get(mail.claim.recipient, own)] for mail in left}
    going = [mail for mail in left if due[mail.claim] <= now]
    left.clear()
    left.extend(going)
    return [not_now(claim, due=at) for claim, at in due.items() if at > now]


def _settle(
    campaign: Campaign,
    one: _Slice,
    left: deque[Prepared],
    sender: Sender,
    limited: Limited | None,
    *,
    pace: Pace,
    step_back: Callable[[Sender], bool],
) -> int:
    now = timezone.now()
    if one.accepted:
        praise_sender(sender)
    remember_counts(sender, {"in_vain": pace.in_vain, "refused_at_mail": pace.refused_at_mail})
    # A server that takes some and then refuses for a while has worked in between: its waits do not grow.
    if one.fault is not None:
        if not (one.fault.may_be_crowded and step_back(sender)):
            blame_sender(sender, one.fault, now=now)
        one.verdicts += [verdict_of(mail.candidate, one.fault, now=now) for mail in left]
        left.clear()
    return _record(campaign, one, limited, now)


def _record(campaign: Campaign, one: _Slice, limited: Limited | None, now: datetime) -> int:
    if limited is not None:
        # What was counted for mails that surely did not go out is given back first: once settled, nobody could tell.
        ungate([verdict.claim for verdict in one.verdicts if verdict.status not in _MAY_HAVE_LEFT], limited=limited)
    settled = record(campaign=campaign, verdicts=one.verdicts, at=now)
    if one.others_may:
        free_to_move(one.others_may)
    return settled


def _send_slice(
    campaign: Campaign,
    batch: Sequence[Prepared],
    *,
    backend: Backend,
    pace: Pace,
    journal: Journal,
    limited: Limited | None,
) -> _Slice:
    gated = Moment()
    clock = zone_of(campaign.timezone)
    answers = gate([mail.candidate for mail in batch], limited=limited, clock=clock)
    now = timezone.now()
    refused = [mail.claim for mail in batch if answers.get(mail.claim.message)]
    done = _Slice([refused_at_gate(claim, answers[claim.message], now=now) for claim in refused])
    full = {claim.recipient: answers[claim.message] for claim in refused}
    done.others_may = [pk for pk, gauge in full.items() if isinstance(gauge, Gauge) and gauge.is_of_sender_alone]
    passed = deque(mail for mail in batch if answers.get(mail.claim.message) == "")
    may_begin = _LastLook(campaign, list(passed), gated, journal, done.begun, limited, clock)
    try:
        _hand_over(passed, done, backend, may_begin, pace)
    except BaseException:
        # What was not at the server goes back and what was answered is kept; only what was begun is in doubt: the one
        # in hand, or those of one request to an e-mail service.
        ungate([mail.claim for mail in passed if mail.claim.message not in done.begun], limited=limited)
        _record(campaign, done, limited, timezone.now())
        raise
    pace.learn(done.accepted, time.monotonic() - gated.steady)
    if passed:
        ungate([mail.claim for mail in passed], limited=limited)
    done.expired = passed
    return done


@dataclass
class _LastLook:
    """Asked right before the content of each mail, by its place: may it begin?

    One whose gate's answer holds no longer is asked about again while the server waits: a server that thinks for longer
    than that over every DATA would never get a mail otherwise. The others behind it have to be gated anew. Its window
    may have closed meanwhile, too.
    """

    campaign: Campaign
    mails: Sequence[Prepared]
    gated: Moment
    journal: Journal
    begun: set[int]
    limited: Limited | None
    clock: ZoneInfo
    asked_again: dict[int, Moment] = field(default_factory=dict)
    is_over: bool = False  # nothing more may begin

    def __call__(self, place: int) -> bool:
        mail = self.mails[place]
        if self.is_over or not (self._holds(place) or self._asked_again(place, mail)):
            return False
        self.begun.add(mail.claim.message)
        self.journal.begin(mail.claim)
        return True

    def _asked_again(self, place: int, mail: Prepared) -> bool:
        now, zone = timezone.now(), mail.candidate.zone or self.clock
        if next_opening(self.campaign, now, zone) > now:
            return False
        self.asked_again[place] = Moment()
        # The database may have taken its time: then what it says is old news.
        return gate_again(mail.candidate, limited=self.limited, clock=self.clock) and self._holds(place)

    def _holds(self, place: int) -> bool:
        return self.asked_again.get(place, self.gated).age() <= VALID_FOR


def _hand_over(passed: deque[Prepared], done: _Slice, backend: Backend, may_begin: "_LastLook", pace: Pace) -> None:
    """The mails in one stream, as long as the gate's answer holds; those that were tried leave `passed`.

    What was begun has an answer to come and is never left behind: those of one request to an e-mail service are all of
    them begun before the first answer is there.
    """
    mails, gated, journal = may_begin.mails, may_begin.gated, may_begin.journal
    outcomes = backend.deliver_many([mail.envelope for mail in mails], before_data=may_begin)
    # Closed at once when it is left early, and not some time later: it may hold the connection in mid-transaction.
    with closing(outcomes):
        for mail, outcome in zip(mails, outcomes, strict=False):
            journal.ended(mail.claim, outcome)
            if isinstance(outcome, NotSent) and outcome.reason == GATE_EXPIRED:
                _take_back(passed, done, outcome, journal)
                return
            # Not timezone.now(), which asks the settings each time.
            done.verdicts.append(verdict_of(mail.candidate, outcome, now=datetime.now(UTC)))
            passed.popleft()
            if isinstance(outcome, Accepted):
                done.accepted += 1
                done.refused_in_a_row = pace.in_vain = pace.refused_at_mail = 0
            else:
                done.refused_in_a_row += done.verdicts[-1].reason in COUNTED
                if not is_stopping():  # then it was perhaps we who hung up
                    pace.in_vain = in_vain(pace.in_vain, outcome, mail.claim)
                pace.refused_at_mail = refused_at_mail(pace.refused_at_mail, outcome)
                fault = sender_fault(outcome) or fault_at_mail(outcome, pace.refused_at_mail)
                done.fault = done.fault or fault or fault_of_many(outcome, pace.in_vain)
            # The lease was renewed when they were gated: not for much longer than one mail may take.
            is_late = bool(may_begin.asked_again) or gated.age() > RENEW_AFTER
            # The guard judges what is recorded: of an account that was suspended a large slice must not fail first.
            is_bad = done.refused_in_a_row >= MOST_REFUSED
            may_begin.is_over = may_begin.is_over or done.fault is not None or is_bad or is_stopping() or is_late
            if may_begin.is_over and not (passed and passed[0].claim.message in done.begun):
                return


def _take_back(passed: Iterable[Prepared], done: _Slice, why: NotSent, journal: Journal) -> None:
    """None of these was sent, not even those that were to go in one request with the one that may not."""
    for mail in passed:
        if mail.claim.message in done.begun:
            journal.ended(mail.claim, why)
