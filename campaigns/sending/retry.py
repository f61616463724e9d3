"""Send again what failed, and only that: the same message rows, under the same Message-ID."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import F, QuerySet

from campaigns.locks import hold_audience
from campaigns.models import Campaign, CampaignStatus, ExitReason, Message, MessageStatus, Recipient, RecipientStatus
from campaigns.models.verbs import verbs_from
from campaigns.sending.advance import lock_recipients
from campaigns.sending.reasons import OF_FAILED
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.database.plans import without_loops
from campaigns_project.errors import NotFound, Refused, StateRefused, state_of
from leads.suppression import forbidden_among_sql

BATCH = 2_000  # recipients put back together: each batch is a transaction with its own audit row
OPEN = frozenset({CampaignStatus.RUNNING, CampaignStatus.PAUSED})


@dataclass(frozen=True)
class Retried:
    """`retried` mails wait again; `skipped` counts by SkipReason those that may not be sent."""

    retried: int
    skipped: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        return {"retried": self.retried, "skipped": self.skipped}


def retry_failed(
    *,
    campaign: Campaign,
    actor: Actor,
    now: datetime,
    reasons: Collection[str] | None = None,
    messages: Collection[int] | None = None,
    reason: str = "",
    dry_run: bool = False,
) -> Retried:
    """Put failed mails of `campaign` back to waiting, due at once, with their recipients.

    The one way back in for a recipient that is out, and for the exit reason `failed` alone: who bounced, opted out,
    replied or was taken out stays out, and so does who was suppressed meanwhile or is active in another campaign. The
    mail goes to the lead's present address, made of the present wording. `reasons` narrows it to messages that failed
    for these, `messages` to these ids. With `dry_run` nothing is changed and the counts are what would be done.

    StateRefused unless the campaign is running or paused; NotFound when it is gone. Refused, naming those that are
    there, for a reason that no mail can have failed for: a mistyped one would read as if nothing had.
    """
    total: Counter[str] = Counter()
    current = _require_open(campaign)
    _require_possible(campaign, reasons or ())
    for ids in _failed(campaign, reasons, messages):
        total += _would(current, ids, now) if dry_run else _put_back(current, ids, actor, now, reason)
    retried = total.pop("", 0)
    return Retried(retried=retried, skipped=dict(total))


def _would(campaign: Campaign, ids: Sequence[int], now: datetime) -> Counter[str]:
    return Counter(failure.refusal for failure in _judged(campaign, ids, now))


def _failed(
    campaign: Campaign, reasons: Collection[str] | None, messages: Collection[int] | None
) -> Iterator[Sequence[int]]:
    """The recipients, by id, that left with such a mail, in batches."""
    # One table after the other: joined by statistics from before they failed, all mails may be read for each of them.
    left, failed = _left(campaign), Message.objects.filter(status=MessageStatus.FAILED)
    if reasons is not None:
        failed = failed.filter(reason__in=list(reasons))
    if messages is not None:
        failed = failed.filter(pk__in=list(messages))
        left = left.filter(pk__in=list(failed.values_list("recipient", flat=True)))
    after = 0
    while ids := list(left.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        after = ids[-1]
        if with_one := sorted(set(failed.filter(recipient__in=ids).values_list("recipient", flat=True))):
            yield with_one


def _left(campaign: Campaign) -> QuerySet[Recipient]:
    return Recipient.objects.filter(campaign=campaign, status=RecipientStatus.FAILED, exit_reason=ExitReason.FAILED)


def _require_possible(campaign: Campaign, reasons: Collection[str]) -> None:
    unknown = set(reasons) - OF_FAILED
    if not unknown:
        return
    failed = Message.objects.filter(recipient__in=_left(campaign), status=MessageStatus.FAILED)
    there = sorted(failed.order_by().values_list("reason", flat=True).distinct())
    if wrong := sorted(unknown.difference(there)):
        names = ", ".join(f"“{name}”" for name in wrong)
        hint = f"Those of this campaign failed for {', '.join(there)}." if there else "None of this campaign failed."
        raise Refused("unknown_reason", f"No mail fails for {names}.", hint, {"field": "reasons", "known": there})


def _require_open(campaign: Campaign) -> Campaign:
    current = Campaign.objects.living().select_related("organization").filter(pk=campaign.pk).first()
    if current is None:
        raise NotFound("not_found", f"There is no campaign {campaign.pk} any more.")
    if current.status not in OPEN:
        raise StateRefused(
            "state_conflict",
            f"Failed mails of a campaign that is {current.status} are not sent again.",
            "Duplicate the campaign and enroll these people there.",
            state_of(current.status, *verbs_from(current.status)),
        )
    return current


@transaction.atomic
def _put_back(campaign: Campaign, ids: Sequence[int], actor: Actor, now: datetime, reason: str) -> Counter[str]:
    # Held while it is decided who is free: a second campaign could take these people in the same moment, and this one
    # could end.
    hold_audience(campaign.organization_id)
    current = _require_open(campaign)
    lock_recipients(ids)
    failures = _judged(current, ids, now)
    going = [failure for failure in failures if not failure.refusal]
    _wait_again(going, occupies=not current.organization.allows_overlap, now=now)
    Campaign.objects.filter(pk=current.pk).update(active_leads_count=F("active_leads_count") + len(going))
    counts = Counter(failure.refusal for failure in failures)
    skipped = {code: number for code, number in counts.items() if code}
    record(
        action="campaign.failed_retried",
        entity=current,
        organization_id=current.organization_id,
        actor=actor,
        after={"retried": len(going), "skipped": skipped},
        reason=reason,
    )
    return counts


def _judged(campaign: Campaign, ids: Sequence[int], now: datetime) -> list["_Failure"]:
    """Those of `ids` that still left with a failed mail."""
    wanted: dict[str, Any] = {
        "organization": campaign.organization_id,
        "campaign": campaign.pk,
        "ids": list(ids),
        "exclusive": not campaign.organization.allows_overlap,
        "now": now,
    }
    with without_loops() as cursor:
        cursor.execute(_JUDGE, wanted)
        return [_Failure(*row) for row in cursor.fetchall()]


def _wait_again(going: Sequence["_Failure"], *, occupies: bool, now: datetime) -> None:
    columns: dict[str, list] = {
        "recipients": [failure.recipient for failure in going],
        "steps": [failure.step for failure in going],
        "addresses": [failure.address for failure in going],
    }
    with connection.cursor() as cursor:
        cursor.execute(_RETURN, {**columns, "occupies": occupies, "now": now})
    Message.objects.filter(pk__in=[failure.message for failure in going]).update(**_AS_NEW)


class _Failure(NamedTuple):
    """A failed mail, the lead's present address, and the SkipReason for which it stays where it is, or ""."""

    recipient: int
    message: int
    step: int
    address: str
    refusal: str


# What it tells of the failure goes, and tries are counted from the beginning: a mail that was given up after thirty
# must not fail at the first. The fence grows, so that nobody's late word about the old try counts.
_AS_NEW = {
    "status": MessageStatus.PENDING,
    "fence": F("fence") + 1,
    "attempts": 0,
    "lost_claims": 0,
    "first_deferred_at": None,
    "smtp_code": None,
    "smtp_reply": "",
    "reason": "",
}

_FORBIDDEN = forbidden_among_sql(
    rows="mine",
    addresses=("mine.email_normalized", "mine.domain"),
    organization="%(organization)s",
    campaign="%(campaign)s",
    at="%(now)s",
)
_JUDGE = f"""
WITH mine AS MATERIALIZED (
    SELECT recipient.id, message.id AS message_id, message.step_id, recipient.email_address, lead.id AS lead_id,
        lead.email, lead.email_normalized, lead.domain, lead.status
    FROM campaign_recipients recipient
    JOIN campaign_messages message ON message.recipient_id = recipient.id AND message.status = 'failed'
    JOIN leads lead ON lead.id = recipient.lead_id
    -- Of each table what is of these people alone: they are joined in one pass.
    WHERE recipient.id = ANY(%(ids)s) AND message.recipient_id = ANY(%(ids)s)
      AND lead.id = ANY(ARRAY(SELECT lead_id FROM campaign_recipients WHERE id = ANY(%(ids)s)))
      AND recipient.status = 'failed' AND recipient.exit_reason = 'failed'
), forbidden (address) AS MATERIALIZED ({_FORBIDDEN}), clashing AS MATERIALIZED (
    SELECT asked.id
    FROM (
        SELECT id, unnest(ARRAY[lower(email), email_normalized]) AS address FROM mine
        WHERE lower(email_address) <> lower(email)
    ) asked
    JOIN campaign_recipients other ON lower(other.email_address) = asked.address AND other.id <> asked.id
    WHERE other.campaign_id = %(campaign)s
), busy AS MATERIALIZED (
    -- Joined as well: asked for each, by old statistics all of the campaign were read for each.
    SELECT other.lead_id,
        CASE WHEN holder.deleting_at IS NULL THEN 'active_elsewhere' ELSE 'being_deleted_elsewhere' END AS refusal
    FROM campaign_recipients other JOIN campaigns holder ON holder.id = other.campaign_id
    WHERE other.occupies AND %(exclusive)s AND other.lead_id = ANY(ARRAY(SELECT lead_id FROM mine))
)
SELECT mine.id, mine.message_id, mine.step_id, mine.email, CASE
    WHEN mine.status <> 'ok' THEN mine.status
    WHEN mine.email_normalized IN (SELECT address FROM forbidden) OR mine.domain IN (SELECT address FROM forbidden)
        THEN 'suppressed'
    WHEN mine.id IN (SELECT id FROM clashing) THEN 'already_enrolled'
    ELSE coalesce(busy.refusal, '') END
FROM mine LEFT JOIN busy ON busy.lead_id = mine.lead_id ORDER BY mine.id
"""  # noqa: S608 - a text of our own

_RETURN = """
UPDATE campaign_recipients recipient SET
    status = CASE WHEN recipient.sent_at IS NULL THEN 'pending' ELSE 'sent' END,
    exit_reason = '', exited_at = NULL, error_message = '', email_address = back.address,
    next_step_id = back.step, next_send_at = %(now)s, occupies = %(occupies)s, updated_at = %(now)s
FROM unnest(%(recipients)s::bigint[], %(steps)s::bigint[], %(addresses)s::text[]) AS back(id, step, address)
WHERE recipient.id = back.id
"""
