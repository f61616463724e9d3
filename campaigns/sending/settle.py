"""What a mail server's answer means for the message, its recipient and its sender (the fault table)."""

from datetime import datetime, timedelta
from functools import singledispatch

from django.db import transaction

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
from campaigns.models import ExitReason, Message, MessageStatus, Sender, SenderStatus
from campaigns.sending.claim import Claim
from campaigns.sending.gate import GateRefusal, exit_reason
from campaigns.sending.prepare import Unmade
from campaigns.sending.reasons import MessageReason
from campaigns.sending.record import Verdict
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.record import record

# Greylisting asks for some minutes (RFC 6647 section 4.1); after four days a mail is old news (RFC 5321 4.5.4.1).
FIRST_RETRY = timedelta(minutes=5)
LONGEST_RETRY = timedelta(hours=4)
GIVE_UP_AFTER = timedelta(days=4)
BACK_OFF = timedelta(minutes=1)  # a server that cannot be reached is left alone for this long


def verdict_of(claim: Claim, outcome: Outcome, *, now: datetime) -> Verdict:
    """The row of the fault table for `outcome`."""
    return _verdict(outcome, claim, now)


def unmade(failure: Unmade) -> Verdict:
    """A mail that could not be made fails alone, with the reason."""
    return Verdict(
        failure.claim, MessageStatus.FAILED, reason=failure.code, reply=failure.message, exit=ExitReason.FAILED
    )


def refused_at_gate(claim: Claim, refusal: str, *, now: datetime) -> Verdict:
    """A paused campaign keeps its mails waiting; whoever left is skipped with the reason."""
    if refusal == GateRefusal.NOT_RUNNING:
        return Verdict(claim, MessageStatus.PENDING, due=now)
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


@transaction.atomic
def blame_sender(sender: Sender, fault: SenderFault, *, now: datetime) -> None:
    """A fault that passes makes the sender wait; one a person has to mend pauses it with the reason."""
    if not fault.permanent:
        Sender.objects.filter(pk=sender.pk).update(backs_off_until=now + BACK_OFF, status_reason=_said(fault))
        return
    active = Sender.objects.filter(pk=sender.pk, status=SenderStatus.ACTIVE)
    if active.update(status=SenderStatus.PAUSED, status_reason=_said(fault)):
        record(
            action="sender.paused",
            entity=sender,
            organization_id=sender.organization_id,
            actor=SYSTEM,
            before={"status": SenderStatus.ACTIVE},
            after={"status": SenderStatus.PAUSED},
            reason=_said(fault),
        )


@singledispatch
def _verdict(outcome: Outcome, claim: Claim, now: datetime) -> Verdict:
    raise TypeError(f"no row of the fault table for {outcome!r}")


@_verdict.register
def _(outcome: Accepted, claim: Claim, now: datetime) -> Verdict:
    return Verdict(claim, MessageStatus.SENT, code=outcome.code, reply=outcome.reply)


@_verdict.register
def _(outcome: Deferred, claim: Claim, now: datetime) -> Verdict:
    row = Message.objects.values("attempts", "first_deferred_at").get(pk=claim.message)
    if row["first_deferred_at"] is not None and now - row["first_deferred_at"] > GIVE_UP_AFTER:
        return Verdict(
            claim,
            MessageStatus.FAILED,
            reason=MessageReason.DEFERRED_TOO_LONG,
            code=outcome.code,
            reply=outcome.reply,
            exit=ExitReason.FAILED,
        )
    wait = min(FIRST_RETRY * 2 ** min(row["attempts"] - 1, 10), LONGEST_RETRY)
    due = now + max(wait, outcome.retry_after or wait)
    return Verdict(
        claim, MessageStatus.DEFERRED, reason=MessageReason.DEFERRED, code=outcome.code, reply=outcome.reply, due=due
    )


@_verdict.register
def _(outcome: Refused, claim: Claim, now: datetime) -> Verdict:
    if sender_fault(outcome) is not None:
        return Verdict(claim, MessageStatus.PENDING, due=now, code=outcome.code, reply=outcome.reply)
    dead = outcome.kind == Kind.ADDRESS_DEAD
    return Verdict(
        claim,
        MessageStatus.FAILED,
        reason=str(outcome.kind),
        code=outcome.code,
        reply=outcome.reply,
        exit=ExitReason.HARD_BOUNCE if dead else ExitReason.FAILED,
        dead_address=dead,
    )


@_verdict.register
def _(outcome: NotSent, claim: Claim, now: datetime) -> Verdict:
    return Verdict(claim, MessageStatus.PENDING, due=now + BACK_OFF, reply=outcome.reason)


@_verdict.register
def _(outcome: SenderFault, claim: Claim, now: datetime) -> Verdict:
    return Verdict(claim, MessageStatus.PENDING, due=now, code=outcome.code or None, reply=_said(outcome))


@_verdict.register
def _(outcome: Uncertain, claim: Claim, now: datetime) -> Verdict:
    return Verdict(claim, MessageStatus.UNCERTAIN, reason=outcome.reason)


def _said(fault: SenderFault) -> str:
    return f"{fault.reason}: {fault.reply}" if fault.reply else fault.reason
