"""Write down what became of each mail: one transaction per slice, guarded by status and fence."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction

from campaigns.enrollment.stop import stop_recipients
from campaigns.locks import retried
from campaigns.models import Campaign, ExitReason, MessageStatus, Recipient
from campaigns.sending import guard
from campaigns.sending.advance import (
    Sent,
    advance,
    hold_for_a_decision,
    lock_recipients,
    skip_for_those_who_left,
    stay_with_sender,
    wait_again,
)
from campaigns.sending.claim import Claim
from campaigns.telling import tell_of_recipient
from campaigns_project.database.arrays import bigints, json_array, numbered
from campaigns_project.webhooks.emit import hears_sql
from campaigns_project.webhooks.events import EventType
from leads.models import SuppressionReason
from leads.suppression import suppress


class Verdict(NamedTuple):
    """What became of one claim: the status its message ends in, and what goes with it.

    `due` is when it is tried again (pending, deferred), `note` what the recipient's page says until then;
    `dead_address` is the address the server called dead. `is_tried` is False where nobody was asked to take this mail:
    then the claim does not count as an attempt, of which there may be only so many.
    """

    claim: Claim
    status: MessageStatus
    reason: str = ""
    code: int | None = None
    reply: str = ""
    due: datetime | None = None
    exit: ExitReason | None = None
    dead_address: str = ""
    note: str = ""
    is_tried: bool = True


def record(*, campaign: Campaign, verdicts: Sequence[Verdict], at: datetime) -> int:
    """Settle messages and move their recipients on; returns how many of the claims were still ours.

    A claim that lost its fence (its lease ended and another took over) changes nothing, but what a server said of an
    address holds all the same.
    """
    if not verdicts:
        return 0
    # Before the rest and each on its own: a suppression locks the person's recipients in every campaign.
    for verdict in verdicts:
        if verdict.dead_address:
            _suppress(campaign, verdict.dead_address, at)
    settled = _record(campaign=campaign, verdicts=verdicts, at=at)
    if refused := {verdict.claim.sender for verdict in verdicts if verdict.reason in guard.COUNTED}:
        guard.judge(senders=refused, now=at)
    return settled


@retried
@transaction.atomic
def _record(*, campaign: Campaign, verdicts: Sequence[Verdict], at: datetime) -> int:
    lock_recipients(verdict.claim.recipient for verdict in verdicts)
    ours = _write(verdicts, at)
    mine = [verdict for verdict in verdicts if verdict.claim.message in ours]
    by_status: dict[MessageStatus, list[Verdict]] = defaultdict(list)
    for verdict in mine:
        by_status[verdict.status].append(verdict)
    if sent := by_status[MessageStatus.SENT]:
        claims = [verdict.claim for verdict in sent]
        advance([Sent(one.recipient, one.step, one.sender) for one in claims], campaign=campaign, at=at)
    if asked := by_status[MessageStatus.DEFERRED] + by_status[MessageStatus.UNCERTAIN]:
        stay_with_sender(verdict.claim.message for verdict in asked)
    if waiting := by_status[MessageStatus.PENDING] + by_status[MessageStatus.DEFERRED]:
        _wait(waiting, at)
    for verdict in by_status[MessageStatus.UNCERTAIN]:
        note = f"It is not known whether the mail arrived ({verdict.reason}): a person has to decide."
        hold_for_a_decision([verdict.claim.recipient], note=note, at=at)
    _take_out(campaign, by_status[MessageStatus.FAILED] + by_status[MessageStatus.SKIPPED], at)
    return len(ours)


def _wait(verdicts: Sequence[Verdict], at: datetime) -> None:
    by_note: dict[str, dict[int, datetime]] = defaultdict(dict)
    for verdict in verdicts:
        by_note[verdict.note or verdict.reply or verdict.reason][verdict.claim.recipient] = verdict.due or at
    for note, recipients in by_note.items():
        wait_again(recipients, note=note, at=at)
    skip_for_those_who_left(verdict.claim.message for verdict in verdicts)


def _take_out(campaign: Campaign, verdicts: Sequence[Verdict], at: datetime) -> None:
    for verdict in verdicts:
        error = (verdict.reply or verdict.reason)[:2000]
        stop_recipients([verdict.claim.recipient], reason=verdict.exit or ExitReason.FAILED, at=at, error=error)
        if verdict.dead_address:
            _bounce(campaign, verdict.claim.recipient, error, at)


def _bounce(campaign: Campaign, recipient_id: int, error: str, at: datetime) -> None:
    """The server said the address is dead: that counts as a bounce."""
    recipient = Recipient.objects.filter(pk=recipient_id)
    if recipient.filter(bounced_at=None).update(bounced_at=at, error_message=error):
        with connection.cursor() as cursor:
            cursor.execute(_COUNT_BOUNCE, [campaign.pk])
            (is_heard,) = cursor.fetchone()
        if is_heard:
            told = {"kind": "hard", "source": "mail server"}
            bounced = recipient.select_related("campaign").get()
            tell_of_recipient(EventType.RECIPIENT_BOUNCED, bounced, at=at, more=told)


@retried
def _suppress(campaign: Campaign, address: str, at: datetime) -> None:
    """Nobody writes to a dead address again; whoever it belongs to leaves every campaign."""
    suppress(
        organization=campaign.organization,
        address=address,
        reason=SuppressionReason.HARD_BOUNCE,
        source=f"campaign {campaign.pk}",
        at=at,
        is_stored=True,
    )


def _write(verdicts: Sequence[Verdict], at: datetime) -> set[int]:
    kinds = [(verdict.status, verdict.reason[:60], verdict.code, verdict.is_tried) for verdict in verdicts]
    places = numbered(kinds)
    status, reason, code, tried = zip(*places, strict=True)
    settled = {
        "ids": bigints(verdict.claim.message for verdict in verdicts),
        "fences": bigints(verdict.claim.fence for verdict in verdicts),
        "replies": json_array(verdict.reply[:2000] for verdict in verdicts),
        "places": bigints(places[kind] for kind in kinds),
    }
    kind = {"status": list(status), "reason": list(reason), "code": list(code), "tried": list(tried)}
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, {**settled, **kind, "at": at})
        return {row[0] for row in cursor.fetchall()}


_COUNT_BOUNCE = f"""
UPDATE campaigns SET emails_bounced = emails_bounced + 1 WHERE id = %s
RETURNING {hears_sql(EventType.RECIPIENT_BOUNCED, organization="campaigns.organization_id")}
"""  # noqa: S608 - of our own words alone
_SETTLE = """
UPDATE campaign_messages message SET
    status = kind.status, reason = kind.reason, smtp_code = kind.code, smtp_reply = settled.reply,
    lease = NULL, attempts = CASE WHEN kind.tried THEN message.attempts ELSE message.attempts - 1 END,
    sent_at = CASE WHEN kind.status = 'sent' THEN %(at)s END,
    first_deferred_at = CASE
        WHEN kind.status = 'deferred' THEN coalesce(message.first_deferred_at, %(at)s)
        ELSE message.first_deferred_at END,
    lost_claims = CASE WHEN kind.status IN ('pending', 'deferred') THEN 0 ELSE message.lost_claims END
FROM ROWS FROM (unnest(%(ids)s::bigint[]), unnest(%(fences)s::bigint[]), unnest(%(places)s::bigint[]),
        json_array_elements_text(%(replies)s)) AS settled(id, fence, place, reply)
JOIN unnest(%(status)s::text[], %(reason)s::text[], %(code)s::int[], %(tried)s::bool[])
    WITH ORDINALITY AS kind(status, reason, code, tried, place) ON kind.place = settled.place
WHERE message.id = settled.id AND message.fence = settled.fence
    AND CASE WHEN message.status IN ('claimed', 'sending') THEN true END -- the planner cannot judge it: see the gate
RETURNING message.id
"""
