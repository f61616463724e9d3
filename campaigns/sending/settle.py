"""What a mail server's answer means for the message, its recipient and its sender (docs/faults.md)."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import F

from campaigns.delivery.classify import Ground, ground_of, is_for_all
from campaigns.delivery.outcomes import (
    Accepted,
    Deferred,
    Kind,
    NotSent,
    Outcome,
    Refused,
    SenderFault,
    Stage,
    Uncertain,
)
from campaigns.models import ExitReason, MessageStatus, Sender
from campaigns.sending.claim import Claim
from campaigns.sending.gate import Candidate, GateRefusal, exit_reason
from campaigns.sending.limits import Gauge
from campaigns.sending.prepare import Unmade
from campaigns.sending.reasons import MessageReason
from campaigns.sending.record import Verdict
from campaigns.sending.withdraw import recovered, rest, withdraw

# Greylisting asks for some minutes (RFC 6647 section 4.1); after four days a mail is old news (RFC 5321 4.5.4.1).
FIRST_RETRY = timedelta(minutes=5)
LONGEST_RETRY = timedelta(hours=4)
GIVE_UP_AFTER = timedelta(days=4)
LOOK_AGAIN = timedelta(seconds=5)  # whoever found a limit full at the gate; clocks may differ by so much at midnight
BACK_OFF = timedelta(minutes=1)  # the first wait of a mail whose transaction broke off
MOST_BREAKS = 30  # transactions that broke off before the last byte; with growing waits that is more than four days
MOST_IN_VAIN = 3  # mails in a row; one or two meet a server that is restarted, or one line that failed
MOST_AT_MAIL = 3  # mails in a row; one may be the word of a server behind a balancer that is set up badly
# Grounds that a mail can be refused on by what MAIL says of it: its size, its characters.
_OF_THE_MAIL = frozenset({Ground.TOO_BIG, Ground.CONTENT})
_BEFORE_MAIL = frozenset({Stage.CONNECT, Stage.MAIL})
_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+")


def verdict_of(candidate: Candidate, outcome: Outcome, *, now: datetime) -> Verdict:
    """The row of the fault table for `outcome`."""
    match outcome:
        case Accepted():
            return Verdict(candidate.claim, MessageStatus.SENT, code=outcome.code, reply=outcome.reply)
        case Deferred():
            return _deferred(outcome, candidate.claim, now)
        case Refused():
            return _refused(outcome, candidate, now)
        case NotSent():
            return _not_sent(outcome, candidate.claim, now)
        case SenderFault():
            reply, code = _said(outcome), outcome.code or None
            return Verdict(candidate.claim, MessageStatus.PENDING, due=now, code=code, reply=reply, is_tried=False)
        case Uncertain():
            return Verdict(candidate.claim, MessageStatus.UNCERTAIN, reason=outcome.reason)


def not_now(claim: Claim, *, due: datetime) -> Verdict:
    """Not tried: its turn is over, or the window has closed. Due again at `due`."""
    return Verdict(claim, MessageStatus.PENDING, due=due, is_tried=False)


def unmade(failure: Unmade) -> Verdict:
    """A mail that could not be made fails alone, with the reason."""
    return Verdict(
        failure.claim, MessageStatus.FAILED, reason=failure.code, reply=failure.message, exit=ExitReason.FAILED
    )


def refused_at_gate(claim: Claim, refusal: str | Gauge, *, now: datetime) -> Verdict:
    """What holds everybody up, or a full limit, keeps mails waiting; whoever left is skipped with the reason.

    Where a limit is full nobody is claimed until it has room, be it sooner than thought: due at once is soon enough.
    Only how full a domain is does the claim not see.
    """
    if isinstance(refusal, Gauge):
        due = refusal.free_at if refusal.domain else min(refusal.free_at, now + LOOK_AGAIN)
        note = f"It waits: {refusal.code.label}."
        return Verdict(claim, MessageStatus.PENDING, reason=refusal.code, due=due, note=note, is_tried=False)
    if refusal == GateRefusal.BLACKOUT:
        # Who claims next may still have the organization as it was before the day was entered.
        return Verdict(claim, MessageStatus.PENDING, due=now + LOOK_AGAIN, is_tried=False)
    if refusal in GateRefusal.KEEPS_WAITING:
        return Verdict(claim, MessageStatus.PENDING, due=now, is_tried=False)
    reason = exit_reason(refusal) or ExitReason.SUPPRESSED
    return Verdict(claim, MessageStatus.SKIPPED, reason=refusal, exit=reason)


def sender_fault(outcome: Outcome) -> SenderFault | None:
    """The fault of the sender that `outcome` shows, if it does: then the mails wait and the sender is dealt with.

    A recipient refused by policy (5.7.x: blocked, not authenticated, bad reputation) says nothing about the recipient.
    """
    if isinstance(outcome, SenderFault):
        return outcome
    if isinstance(outcome, Refused) and outcome.kind == Kind.POLICY and outcome.stage == Stage.RCPT:
        return SenderFault("refused_by_policy", outcome.code, outcome.reply, permanent=True, stage=outcome.stage)
    return None


def in_vain(before: int, outcome: Outcome, claim: Claim) -> int:
    """How many mails in a row came to nothing for a reason that is not theirs, with this one and those `before` it.

    One that broke off for the second time may be what its server hangs up on, and counts for nothing; nor does one that
    never got as far as the server.
    """
    match outcome:
        case SenderFault() | NotSent(stage=Stage.CONNECT):
            return before
        case NotSent():
            return before + (claim.attempts == 1)
        case Uncertain():
            return before + 1
        case Deferred() if is_for_all(outcome.code, outcome.reply, stage=outcome.stage):
            return before + 1
    return 0


def refused_at_mail(before: int, outcome: Outcome) -> int:
    """How many mails in a row were refused for good before their recipients were named, with those `before` it.

    It is said of the account, its address or its host then. A mail whose MAIL was taken shows that nothing is wrong
    with these, and one that never got so far shows nothing.
    """
    match outcome:
        case Refused(stage=Stage.MAIL):
            return before + (ground_of(outcome.code, outcome.reply) not in _OF_THE_MAIL)
        case SenderFault():
            return before
        case Deferred() | NotSent() if outcome.stage in _BEFORE_MAIL:
            return before
    return 0


def fault_at_mail(outcome: Outcome, count: int) -> SenderFault | None:
    """The fault of a sender of whose mails so many in a row were refused at MAIL, this one as the last.

    Each of the others would fail for what is no fault of theirs, and a new sender has no bounce guard yet.
    """
    if count < MOST_AT_MAIL or not isinstance(outcome, Refused):
        return None
    return SenderFault("refused_at_mail", outcome.code, outcome.reply, permanent=True, stage=outcome.stage)


def fault_of_many(outcome: Outcome, count: int) -> SenderFault | None:
    """The fault of a sender of whose mails so many in a row came to nothing, this one as the last.

    Each more would be put off for longer than need be, cost a connection, or wait for a person who knows what became
    of it; the sender rests instead and goes on where it was. If it is the mails that a server hangs up on, they alone
    are given up after MOST_BREAKS of these tries.
    """
    if count < MOST_IN_VAIN:
        return None
    match outcome:
        case Uncertain():
            reply = f"{count} mails in a row came to nothing; the last may or may not have arrived ({outcome.reason})"
            return SenderFault("unanswered", reply=reply, stage=Stage.DOT)
        case NotSent():
            where = f"{outcome.reason} at {outcome.stage.upper()}"
            reply = f"{count} mails in a row came to nothing; the last broke off before its last byte ({where})"
            return SenderFault("broken_off", reply=reply, stage=outcome.stage)
        case Deferred():
            return SenderFault("asked_to_wait", outcome.code, outcome.reply, stage=outcome.stage)
    return None


def blame_sender(sender: Sender, fault: SenderFault, *, now: datetime) -> None:
    """A fault that passes makes the sender wait, longer each time; one a person has to mend pauses it."""
    if fault.permanent:
        withdraw(sender_id=sender.pk, why=_said(fault))
    else:
        rest(sender=sender, why=_said(fault), now=now)


def praise_sender(sender: Sender) -> None:
    """It works: what was wrong with it is over."""
    recovered(sender=sender)


def remember_counts(sender: Sender, counts: Mapping[str, int]) -> None:
    """Whoever sends through it next goes on counting: a slow server, or one that is asked at long intervals, has a mail
    or two of each turn. `counts` are by the sender's fields."""
    grown = {field: count - getattr(sender, field) for field, count in counts.items()}
    # Others count beside us: what grew is added.
    changed = {field: F(field) + more if more > 0 else counts[field] for field, more in grown.items() if more}
    if changed:
        Sender.objects.filter(pk=sender.pk).update(**changed)
        for field in changed:
            setattr(sender, field, counts[field])


def _deferred(outcome: Deferred, claim: Claim, now: datetime) -> Verdict:
    if not outcome.is_asked:  # nobody put it off: its four days do not begin, and it was not tried
        return not_now(claim, due=now + (outcome.retry_after or FIRST_RETRY))
    gives_up_at = (claim.first_deferred_at or now) + GIVE_UP_AFTER
    if now >= gives_up_at:
        return Verdict(
            claim,
            MessageStatus.FAILED,
            reason=MessageReason.DEFERRED_TOO_LONG,
            code=outcome.code,
            reply=outcome.reply,
            exit=ExitReason.FAILED,
        )
    # The server's own word for how long comes first (429 with Retry-After); ours is for those that say nothing.
    due = min(now + (outcome.retry_after or _growing(FIRST_RETRY, claim.attempts)), gives_up_at)
    return Verdict(
        claim,
        MessageStatus.DEFERRED,
        reason=MessageReason.DEFERRED,
        code=outcome.code,
        reply=outcome.reply,
        due=due,
    )


def _refused(outcome: Refused, candidate: Candidate, now: datetime) -> Verdict:
    if sender_fault(outcome) is not None:
        # It may be this recipient's server alone that wants nothing of the sender. After all others, it cannot keep
        # them waiting by pausing the sender anew each time that a person resumes it.
        due = now + _growing(FIRST_RETRY, candidate.claim.attempts)
        return Verdict(candidate.claim, MessageStatus.PENDING, due=due, code=outcome.code, reply=outcome.reply)
    dead = outcome.kind == Kind.ADDRESS_DEAD
    return Verdict(
        candidate.claim,
        MessageStatus.FAILED,
        reason=str(outcome.kind),
        code=outcome.code,
        reply=outcome.reply,
        exit=ExitReason.HARD_BOUNCE if dead else ExitReason.FAILED,
        dead_address=candidate.address if dead else "",
    )


def _not_sent(outcome: NotSent, claim: Claim, now: datetime) -> Verdict:
    if claim.attempts >= MOST_BREAKS:
        reason = MessageReason.BROKEN_OFF
        return Verdict(claim, MessageStatus.FAILED, reason=reason, reply=outcome.reason, exit=ExitReason.FAILED)
    due = now + _growing(BACK_OFF, claim.attempts)
    return Verdict(claim, MessageStatus.PENDING, due=due, reply=outcome.reason)


def _growing(first: timedelta, attempts: int) -> timedelta:
    return min(first * 2 ** min(attempts - 1, 10), LONGEST_RETRY)


def _said(fault: SenderFault) -> str:
    """The reason with the server's words, without addresses: this is kept where nothing can be erased."""
    return _ADDRESS.sub("(address)", f"{fault.reason}: {fault.reply}" if fault.reply else fault.reason)
