"""Who is in a campaign and must not be: one rule in SQL, for one person and for a million."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaigns.enrollment.stop import EXIT_AFTER_SUPPRESSION
from campaigns.models import Campaign, CampaignStatus, ExitReason, MessageStatus, Recipient, RecipientStatus
from campaigns_project.accounts.models import Organization
from campaigns_project.database.plans import without_loops
from leads.models import LeadStatus
from leads.suppression import in_force_sql

# Of several reasons the weightiest counts; where two weigh the same, the older news.
_BY_WEIGHT = (
    ExitReason.COMPLAINED,
    ExitReason.UNSUBSCRIBED,
    ExitReason.HARD_BOUNCE,
    ExitReason.SUPPRESSED,
    ExitReason.BOOKED,
    ExitReason.REPLIED,
    ExitReason.DE_ENROLLED,
    ExitReason.COMPLETED,
)
_EXIT_AFTER_STATUS = {
    LeadStatus.UNSUBSCRIBED: ExitReason.UNSUBSCRIBED,
    LeadStatus.BOUNCED: ExitReason.HARD_BOUNCE,
    LeadStatus.COMPLAINED: ExitReason.COMPLAINED,
}


@dataclass(frozen=True)
class Scope:
    """Among whom: in an organization, or one campaign of it; with `lead_ids` these people, since somebody says so."""

    organization: Organization
    campaign: Campaign | None = None
    lead_ids: tuple[int, ...] = ()


def count_by_reason(scope: Scope, *, now: datetime) -> dict[str, int]:
    """How many a run would take out at this moment, by exit reason. Changes nothing."""
    statement, params = judged(scope, now=now)
    with without_loops() as cursor:
        cursor.execute(f"SELECT reason, count(*) FROM ({statement}) found GROUP BY 1", params)  # noqa: S608 - our own
        return dict(sorted(cursor.fetchall()))


def judged(scope: Scope, *, now: datetime, ids: Sequence[int] | None = None) -> tuple[str, dict[str, Any]]:
    """A SELECT of `id`, `reason` and `trigger_at` of everybody in the scope who must leave, or of those of `ids`.

    To be run `without_loops`, for which each table is narrowed to what is of `ids`.
    """
    params: dict[str, Any] = {
        "organization": scope.organization.pk,
        "campaign": scope.campaign.pk if scope.campaign else None,
        "open": sorted(CampaignStatus.editable),
        "inside": sorted(RecipientStatus.IN),
        "settled": sorted({MessageStatus.SENT, MessageStatus.SKIPPED, MessageStatus.FAILED}),
        "now": now,
        "ids": None if ids is None else list(ids),
        "people": list(scope.lead_ids),
    }
    of_campaign = "" if scope.campaign is None else "AND recipient.campaign_id = %(campaign)s"
    statement = (_ACTIVE + (_NAMED if scope.lead_ids else _FOUND) + _WEIGHED).replace("{of_campaign}", of_campaign)
    for name, narrowed in _NARROWED.items():
        statement = statement.replace(f"{{{name}}}", "" if ids is None else narrowed)
    return statement, params


def count_active(scope: Scope) -> int:
    """How many are looked at."""
    who = {"campaign__organization": scope.organization, "campaign__status__in": CampaignStatus.editable}
    inside = Recipient.objects.living().inside().filter(**who)
    inside = inside.filter(campaign=scope.campaign) if scope.campaign else inside
    return (inside.filter(lead__in=scope.lead_ids) if scope.lead_ids else inside).count()


def _cases(value: str, exits: dict[Any, ExitReason], other: str) -> str:
    whens = " ".join(f"WHEN '{given.value}' THEN '{reason.value}'" for given, reason in exits.items())
    return f"CASE {value} {whens} ELSE {other} END"


_BY_SUPPRESSION = _cases("suppression.reason", EXIT_AFTER_SUPPRESSION, f"'{ExitReason.SUPPRESSED.value}'")
_BY_STATUS = _cases("active.lead_status", _EXIT_AFTER_STATUS, f"'{ExitReason.SUPPRESSED.value}'")
_WEIGHT = " ".join(f"WHEN '{reason.value}' THEN {weight}" for weight, reason in enumerate(_BY_WEIGHT))

_ACTIVE = """
WITH active AS NOT MATERIALIZED (
    SELECT recipient.id, recipient.campaign_id, recipient.lead_id, recipient.status, recipient.next_step_id,
        recipient.created_at, recipient.updated_at, recipient.sent_at, recipient.replied_at,
        lower(recipient.email_address) AS address, campaign.stop_on_reply, campaign.stop_on_booking,
        campaign.started_at, lead.organization_id, lead.email_normalized, lead.domain, lead.status AS lead_status,
        lead.updated_at AS lead_updated_at
    FROM campaign_recipients recipient
    JOIN campaigns campaign ON campaign.id = recipient.campaign_id
        AND campaign.organization_id = %(organization)s AND campaign.deleting_at IS NULL
        AND campaign.status = ANY(%(open)s::text[])
    JOIN leads lead ON lead.id = recipient.lead_id {of_leads}
    WHERE recipient.status = ANY(%(inside)s::text[]) {of_recipients} {of_campaign}
)
"""
_LEADS = "ANY(ARRAY(SELECT lead_id FROM campaign_recipients WHERE id = ANY(%(ids)s::bigint[])))"
_NARROWED = {
    "of_recipients": "AND recipient.id = ANY(%(ids)s::bigint[])",
    "of_messages": "AND message.recipient_id = ANY(%(ids)s::bigint[])",
    "of_leads": f"AND lead.id = {_LEADS}",
    "of_booked": f"AND booked.lead_id = {_LEADS}",
}

# Each kind of news on its own, so that the database joins by equality what is few with what is many. The address of a
# mail is the lead's; that of the enrollment is asked for where it is another.
_FOUND = f"""
, forbidden AS MATERIALIZED (
    {in_force_sql(organization="%(organization)s", at="%(now)s")}
), found AS (
    SELECT active.id, {_BY_SUPPRESSION} AS reason, suppression.created_at AS since, active.created_at AS enrolled_at
    FROM active JOIN forbidden suppression ON suppression.address = active.email_normalized
    WHERE suppression.campaign_id IS NULL OR suppression.campaign_id = active.campaign_id
    UNION ALL
    SELECT active.id, {_BY_SUPPRESSION}, suppression.created_at, active.created_at
    FROM active JOIN forbidden suppression ON suppression.address = active.domain
    WHERE suppression.campaign_id IS NULL OR suppression.campaign_id = active.campaign_id
    UNION ALL
    SELECT active.id, {_BY_SUPPRESSION}, suppression.created_at, active.created_at
    FROM active JOIN forbidden suppression ON suppression.address = active.address
    WHERE active.address <> active.email_normalized
      AND (suppression.campaign_id IS NULL OR suppression.campaign_id = active.campaign_id)
    UNION ALL
    SELECT active.id, {_BY_STATUS}, active.lead_updated_at, active.created_at
    FROM active WHERE active.lead_status <> 'ok'
    UNION ALL
    SELECT active.id, 'replied', active.replied_at, active.created_at
    FROM active WHERE active.replied_at IS NOT NULL AND active.stop_on_reply
    UNION ALL
    SELECT active.id, 'booked', booked.booked_at, active.created_at
    FROM active JOIN campaign_recipients booked ON booked.lead_id = active.lead_id {{of_booked}}
    WHERE booked.booked_at >= active.created_at AND active.stop_on_booking
    UNION ALL
    SELECT active.id, 'completed', active.updated_at, active.created_at
    FROM active
    WHERE active.status = 'sent' AND active.next_step_id IS NULL AND active.started_at IS NOT NULL
      AND NOT EXISTS (
        SELECT 1 FROM campaign_messages message
        WHERE message.recipient_id = active.id {{of_messages}} AND message.status <> ALL(%(settled)s::text[])
      )
      AND NOT EXISTS (
        SELECT 1 FROM campaign_steps step WHERE step.campaign_id = active.campaign_id AND NOT EXISTS (
            SELECT 1 FROM campaign_messages message WHERE message.recipient_id = active.id AND message.step_id = step.id
        )
      )
)
"""  # noqa: S608 - of our own words alone

_NAMED = """
, found AS (
    SELECT active.id, 'de_enrolled' AS reason, %(now)s::timestamptz AS since, active.created_at AS enrolled_at
    FROM active WHERE active.lead_id = ANY(%(people)s::bigint[])
)
"""

_WEIGHED = f"""
SELECT DISTINCT ON (id) id, reason, greatest(since, enrolled_at) AS trigger_at
FROM found ORDER BY id, CASE reason {_WEIGHT} END, since
"""  # noqa: S608 - of our own words alone
