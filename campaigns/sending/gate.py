"""The last look before a mail leaves: is the recipient in, do campaign and sender run, may the address be used?"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from enum import nonmember
from typing import NamedTuple

from django.db import connection, models, transaction
from django.utils import timezone

from campaigns.locks import hold_usage
from campaigns.models import ExitReason, Message
from campaigns.sending.claim import Claim
from campaigns.sending.leases import renew
from campaigns.sending.limits import AFTER_GATE, Gauge
from campaigns.sending.reserve import Limited, release, reserve
from campaigns_project.database.arrays import bigints, json_array
from campaigns_project.database.plans import rows_by_index
from leads.suppression import forbidden_sql


class GateRefusal(models.TextChoices):
    """Why a claimed message was not let through; a recipient who left gives its own exit reason instead."""

    NOT_RUNNING = "campaign_not_running", "the campaign is not running"
    DELIVERED_ELSEWHERE = "delivered_elsewhere", "somebody else delivers the campaign"
    HALTED = "sending_halted", "an emergency stop is in force"
    BLACKOUT = "blackout_day", "it is a blackout day of the organization, where the recipient's window counts its days"
    SENDER_PAUSED = "sender_paused", "its sender was paused after it was claimed"
    SENDER_TAKEN_OUT = "sender_taken_out", "its sender was taken out of the campaign after it was claimed"
    WORDING_CHANGED = "wording_changed", "its wording was edited after it was made"
    SUPPRESSED = "suppressed", "the address is suppressed"

    KEEPS_WAITING = nonmember(
        frozenset({"campaign_not_running", "delivered_elsewhere", "sending_halted", "blackout_day", "sender_paused"})
        | frozenset({"sender_taken_out", "wording_changed"})
    )


# How long a mail may still leave after its gate (promise 2: nothing leaves more than a second after the last look).
VALID_FOR = AFTER_GATE.total_seconds()


class Candidate(NamedTuple):
    """A mail that wants to leave: to the normalized `address`, made of these values and this version of the wording.

    Where the recipient's own clock says what day it is, and not the campaign's, that is in `zone`.
    """

    claim: Claim
    address: str
    version: int
    merge_values: Mapping[str, str]
    subject: str = ""  # as it stands in the mail
    zone: tzinfo | None = None


@transaction.atomic
def gate(
    candidates: Sequence[Candidate], *, limited: Limited | None = None, clock: tzinfo = UTC
) -> dict[int, str | Gauge]:
    """Let messages through, marking them `sending`; answers, by message id, "" or the reason why not.

    Those that pass are counted against the limits of `limited`, if given; for one that has no room left the answer is
    the limit that is full.

    Suppressed is who is so by the address the mail goes to or by the lead's present one, since leads are edited, for
    this campaign or for all of the organization's, and not until a time that has passed by the database's clock. By
    the campaign's `clock` its days begin, of which some may be blackout days.
    Version, values and subject are kept with the message, so that the exact mail can be shown again and answered.
    A claim whose fence is stale is not in the answer at all: it is somebody else's now. What the gate read holds for
    `VALID_FOR` seconds; a mail that did not begin its content by then has to be asked again (`ungate` first).
    """
    answers: dict[int, str | Gauge] = dict(rows_by_index(_GATE, {**_asked(candidates, clock), "was": "claimed"}))
    if limited is not None:
        answers.update(_count(candidates, answers, limited))
    return answers


def _count(
    candidates: Sequence[Candidate], answers: Mapping[int, str | Gauge], limited: Limited
) -> Mapping[int, Gauge]:
    """Count those that passed; back to `claimed` with the others, by message id with the limit that is full."""
    passed = {one.claim.message: one.address for one in candidates if answers.get(one.claim.message) == ""}
    if not passed:
        return {}
    reserved = reserve(passed, limited)
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, {"ids": list(passed), "full": list(reserved.full), "at": reserved.at})
    return reserved.full


def _asked(candidates: Sequence[Candidate], clock: tzinfo) -> dict[str, str]:
    # What day it is is told from here: the database may not know a zone's name.
    now = timezone.now()
    return {
        "ids": bigints(one.claim.message for one in candidates),
        "fences": bigints(one.claim.fence for one in candidates),
        "versions": bigints(one.version for one in candidates),
        "addresses": json_array(one.address for one in candidates),
        "subjects": json_array(one.subject for one in candidates),
        "values": json_array(one.merge_values for one in candidates),
        "today": now.astimezone(clock).date().isoformat(),
        "days": _days(candidates, now),
    }


def _days(candidates: Sequence[Candidate], now: datetime) -> str:
    """The day it is for each by their own clock, as the text of a date[]; an empty one where nobody has any."""
    zones: set[tzinfo | None] = {one.zone for one in candidates}
    days: dict[tzinfo | None, str] = {zone: now.astimezone(zone).date().isoformat() for zone in zones if zone}
    return f"{{{','.join(days.get(one.zone, 'NULL') for one in candidates) if days else ''}}}"


@transaction.atomic
def gate_again(candidate: Candidate, *, limited: Limited | None = None, clock: tzinfo = UTC) -> bool:
    """Whether a message that passed some time ago still would, and is still ours; its lease begins anew.

    Against the limits of `limited` it is counted as of now instead of then: by the gap, hour and day in which it
    leaves. After False it is to be taken back (`ungate`), with what was counted for it before.
    """
    # First, in the order of locks: whoever takes the lease for a dead worker's is waited for, and has settled the mail.
    if not renew([candidate.claim]):
        return False
    if not rows_by_index(_GATE_AGAIN, {**_asked([candidate], clock), "was": "sending"}):
        return False
    return limited is None or _count_anew(candidate, limited)


def _count_anew(candidate: Candidate, limited: Limited) -> bool:
    message = candidate.claim.message
    # All at once, in the order of locks: whose limits hold by now may not be whose they were when it was claimed.
    own_sender, own_campaign = Message.objects.values_list("sender_id", "recipient__campaign_id").get(pk=message)
    hold_usage(
        senders={pk for pk in (limited.sender, own_sender) if pk},
        campaigns={pk for pk in (limited.campaign, own_campaign) if pk},
    )
    before = transaction.savepoint_create()
    release([message])
    reserved = reserve({message: candidate.address}, limited)
    if reserved.full:
        transaction.savepoint_rollback(before)  # it stays counted where it was, to be given back there
        return False
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, {"ids": [message], "full": [], "at": reserved.at})
    return True


@transaction.atomic
def ungate(claims: Sequence[Claim], *, limited: Limited | None = None) -> None:
    """Take back messages that passed the gate and whose content surely never went out, and what was counted for them.

    Others among `claims` stay as they are.
    """
    with connection.cursor() as cursor:
        if limited is not None:
            cursor.execute(_PASSED, _keys(claims))
            release([row[0] for row in cursor.fetchall()])
        cursor.execute(_UNGATE, _keys(claims))


def exit_reason(refusal: str) -> ExitReason | None:
    """The exit reason a refusal stands for; None where the recipient is still in."""
    return ExitReason(refusal) if refusal in ExitReason.values else None


def _keys(claims: Sequence[Claim]) -> dict[str, list[int]]:
    return {"ids": [claim.message for claim in claims], "fences": [claim.fence for claim in claims]}


_FORBIDDEN = forbidden_sql(
    organization="mine.organization_id",
    addresses="mine.address, split_part(mine.address, '@', -1), mine.email_normalized, mine.domain",
    campaign="mine.campaign_id",
    at="statement_timestamp()",
)

# Campaign, sender and wording are looked at once and not for each mail: all of a slice have the same.
# Statistics are made when hardly a message is in flight, so the planner takes the status for a test that none passes,
# and reads what was asked again for each message there is. It cannot judge a CASE.
_ASKED = f"""
WITH mine AS MATERIALIZED (
    SELECT mine.*, recipient.exit_reason, recipient.campaign_id, message.sender_id, message.variant_id,
        lead.organization_id, lead.email_normalized, lead.domain
    FROM ROWS FROM (unnest(%(ids)s::bigint[]), unnest(%(fences)s::bigint[]), unnest(%(versions)s::int[]),
        json_array_elements_text(%(addresses)s), json_array_elements_text(%(subjects)s),
        jsonb_array_elements(%(values)s), unnest(%(days)s::date[]))
        AS mine(id, fence, version, address, subject, merge_values, day)
    JOIN campaign_messages message
        ON message.id = mine.id AND message.fence = mine.fence
        AND CASE message.status WHEN %(was)s THEN true END
    JOIN campaign_recipients recipient ON recipient.id = message.recipient_id
    JOIN leads lead ON lead.id = recipient.lead_id
), of_campaign AS MATERIALIZED (
    SELECT campaign.id, organization.blackout_days, CASE
        WHEN campaign.status <> 'running' OR campaign.deleting_at IS NOT NULL THEN 'campaign_not_running'
        WHEN campaign.delivered_by <> 'senders' THEN 'delivered_elsewhere'
        WHEN EXISTS (
            SELECT 1 FROM sending_halts halt
            WHERE halt.lifted_at IS NULL
              AND (halt.organization_id IS NULL OR halt.organization_id = campaign.organization_id)
        ) THEN 'sending_halted'
        ELSE '' END AS refusal
    FROM campaigns campaign JOIN organizations organization ON organization.id = campaign.organization_id
    WHERE campaign.id IN (SELECT campaign_id FROM mine)
), of_sender AS MATERIALIZED (
    SELECT sender.id, link.campaign_id, sender.status = 'active' AS is_active
    FROM senders sender JOIN campaign_senders link ON link.sender_id = sender.id
    WHERE sender.id IN (SELECT sender_id FROM mine) AND link.campaign_id IN (SELECT campaign_id FROM mine)
), of_variant AS MATERIALIZED (
    SELECT id, version FROM campaign_variants WHERE id IN (SELECT variant_id FROM mine)
), asked AS (
    SELECT mine.id, mine.fence, mine.version, mine.merge_values, mine.subject, CASE
        WHEN mine.exit_reason <> '' THEN mine.exit_reason
        WHEN of_campaign.refusal <> '' THEN of_campaign.refusal
        WHEN coalesce(mine.day, %(today)s::date) = ANY(of_campaign.blackout_days) THEN 'blackout_day'
        WHEN of_sender.id IS NULL THEN 'sender_taken_out'
        WHEN NOT of_sender.is_active THEN 'sender_paused'
        WHEN of_variant.version <> mine.version THEN 'wording_changed'
        WHEN {_FORBIDDEN} THEN 'suppressed'
        ELSE '' END AS refusal
    FROM mine JOIN of_campaign ON of_campaign.id = mine.campaign_id
    LEFT JOIN of_sender ON of_sender.id = mine.sender_id AND of_sender.campaign_id = mine.campaign_id
    LEFT JOIN of_variant ON of_variant.id = mine.variant_id
)"""  # noqa: S608 - a text of our own

_GATE = f"""{_ASKED}, passed AS (
    UPDATE campaign_messages message
    SET status = 'sending', attempted_at = clock_timestamp(), merge_values = asked.merge_values,
        values_cleared_at = NULL, step_version = asked.version, subject = asked.subject
    FROM asked WHERE message.id = asked.id AND asked.refusal = '' AND message.fence = asked.fence
        AND CASE message.status WHEN %(was)s THEN true END -- it may have changed since it was read
    RETURNING message.id
)
SELECT id, refusal FROM asked WHERE refusal <> '' UNION ALL SELECT id, '' FROM passed
"""  # noqa: S608 - a text of our own

_GATE_AGAIN = f"""{_ASKED}
SELECT message.id FROM campaign_messages message
JOIN asked ON message.id = asked.id AND message.fence = asked.fence AND asked.refusal = ''
WHERE CASE message.status WHEN %(was)s THEN true END -- it may have changed since it was read
FOR NO KEY UPDATE OF message
"""  # noqa: S608 - a text of our own

# Counted by the moment at which it was done, so that it can be given back to the same day and hour.
_COUNTED = """
UPDATE campaign_messages
SET attempted_at = %(at)s, status = CASE WHEN id = ANY(%(full)s::bigint[]) THEN 'claimed' ELSE 'sending' END
WHERE id = ANY(%(ids)s::bigint[])
"""

_PASSED = """
SELECT message.id FROM campaign_messages message
JOIN unnest(%(ids)s::bigint[], %(fences)s::bigint[]) AS mine(id, fence)
    ON message.id = mine.id AND message.fence = mine.fence
WHERE message.status = 'sending' ORDER BY message.id FOR NO KEY UPDATE OF message
"""

_UNGATE = """
UPDATE campaign_messages message SET status = 'claimed'
FROM unnest(%(ids)s::bigint[], %(fences)s::bigint[]) AS mine(id, fence)
WHERE message.id = mine.id AND message.fence = mine.fence AND CASE message.status WHEN 'sending' THEN true END
"""
