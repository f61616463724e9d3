"""Leads into a campaign: one statement for many thousand of them, with a count for every reason not to."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, models, transaction
from django.db.models import F

from campaigns.enrollment.first_due import set_first_due
from campaigns.enrollment.select import Selection
from campaigns.enrollment.values import without_values
from campaigns.errors import StateConflict
from campaigns.fetching.opened import is_being_filled
from campaigns.locks import hold_audience
from campaigns.models import Campaign, CampaignStatus, Step
from campaigns.scheduling import due_after, waits_by_lead
from campaigns_project.database.plans import without_loops
from campaigns_project.errors import NotFound
from leads.models import LeadQuerySet
from leads.suppression import in_force_sql

LAST = 2**63 - 1  # as high as a lead's number can be


class SkipReason(models.TextChoices):
    """Why a lead was not enrolled."""

    NOT_FOUND = "not_found", "no such lead in this organization"
    ALREADY_ENROLLED = "already_enrolled", "already in this campaign"
    SUPPRESSED = "suppressed", "suppressed: never to be written to"
    UNSUBSCRIBED = "unsubscribed", "unsubscribed"
    BOUNCED = "bounced", "with an address that bounced"
    COMPLAINED = "complained", "complained of spam"
    ACTIVE_ELSEWHERE = "active_elsewhere", "active in another campaign"
    BEING_DELETED_ELSEWHERE = (
        "being_deleted_elsewhere",
        "in another campaign whose deletion is under way: free when it is gone",
    )
    MERGE_VALUE_MISSING = (
        "merge_value_missing",
        "lacking a value that a mail of the campaign shows",
    )
    BOOKED = "booked", "booked a meeting: nobody is enrolled automatically after that"
    NEXT_TIME = "next_time", "more than one look enrolls: the next one goes on"


@dataclass(frozen=True)
class TakenIn:
    """What came of it; `skipped` counts leads by SkipReason. The campaign is as it was when they came."""

    campaign: Campaign
    selection: Selection
    enrolled: int
    skipped: dict[str, int]


@transaction.atomic
def take_in(*, campaign: Campaign, selection: Selection, now: datetime, above: int = 0, upto: int = LAST) -> TakenIn:
    """Enroll those of the selection whose numbers are `above` the one and `upto` the other, without a word about it.

    Nobody is enrolled twice, nobody who may not be written to, and (unless the organization allows overlap) nobody who
    is active in another campaign. In a campaign that was started they are due after the first step's wait, and nobody
    comes in whose mail could not be made for want of a value; before the start pre-flight says so.

    Of a selection that is standing somebody who booked a meeting anywhere stays out, and before the start as after it
    whoever lacks a value: nobody is there to read why a start is refused. Refused for a campaign that has ended;
    NotFound for one that is gone or being deleted.
    """
    leads = selection.leads_for(campaign, now=now).filter(pk__gt=above, pk__lte=upto)
    hold_audience(campaign.organization_id)
    campaign = require_open(campaign)
    first_step = campaign.steps.order_by("position").first()
    # While the campaign waits for its people nobody is due: the mails of all of them are checked first.
    is_sending = campaign.status == CampaignStatus.RUNNING and not is_being_filled(campaign)
    due = _due(campaign, first_step, now) if is_sending else None
    counts = _insert(campaign, selection, leads, first_step, due=due, now=now, above=above, upto=upto)
    if is_sending and first_step and waits_by_lead(first_step, campaign):
        set_first_due(campaign, now)
    enrolled = counts.pop("enrolled", 0)
    _check_now()
    if enrolled or not selection.is_standing:
        Campaign.objects.filter(pk=campaign.pk).update(
            total_recipients=F("total_recipients") + enrolled,
            active_leads_count=F("active_leads_count") + enrolled,
            last_enrollment_at=now,
        )
    return TakenIn(campaign=campaign, selection=selection, enrolled=enrolled, skipped=counts)


def foresee(*, campaign: Campaign, selection: Selection, now: datetime) -> tuple[int, dict[str, int]]:
    """How many leads of the selection would be enrolled now, and how many not, by SkipReason. Nothing is written."""
    leads = selection.leads_for(campaign, now=now)
    counts = _counted(_FORESEE, campaign, selection, leads, _of_candidates(campaign, selection, now))
    return counts.pop("enrolled", 0), counts


def require_open(campaign: Campaign) -> Campaign:
    """The campaign as it is now, if people may come into it. Refused where it has ended, NotFound where it is gone."""
    current = Campaign.objects.living().select_related("organization").filter(pk=campaign.pk).first()
    if current is None:
        raise NotFound("not_found", f"There is no campaign {campaign.pk} any more.")
    if current.status not in CampaignStatus.editable:
        raise StateConflict("enroll", current.status)
    return current


def _check_now() -> None:
    """Have the database look up what the new rows refer to: left to the commit, as usual, it takes a second for a large
    batch, in which whoever sends mails of the campaign would wait for its row."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def _insert(
    campaign: Campaign,
    selection: Selection,
    leads: LeadQuerySet,
    first_step: Step | None,
    *,
    due: datetime | None,
    now: datetime,
    above: int,
    upto: int,
) -> dict[str, int]:
    params = {
        **_of_candidates(campaign, selection, now),
        "above": above,
        "upto": upto,
        "step": first_step.pk if first_step else None,
        "due": due,
        "most": selection.most,
        "left_over": SkipReason.ACTIVE_ELSEWHERE if selection.most is None else SkipReason.NEXT_TIME,
    }
    return _counted(_TAKE_IN, campaign, selection, leads, params)


def _of_candidates(campaign: Campaign, selection: Selection, now: datetime) -> dict[str, Any]:
    return {
        "campaign": campaign.pk,
        "organization": campaign.organization_id,
        "above": 0,
        "upto": LAST,
        "exclusive": not campaign.organization.allows_overlap,
        "standing": selection.is_standing,
        "now": now,
    }


def _counted(
    statement: str, campaign: Campaign, selection: Selection, leads: LeadQuerySet, params: dict[str, Any]
) -> dict[str, int]:
    are_checked = campaign.started_at is not None or selection.is_standing
    lacking = without_values(campaign, leads) if are_checked else leads.none()
    with without_loops() as cursor:
        cursor.execute(_filled(statement, params, chosen=leads, lacking=lacking), params)
        rows = cursor.fetchall()
    return {reason: count for reason, count in rows if count}


def _due(campaign: Campaign, first_step: Step | None, now: datetime) -> datetime | None:
    """When their first mail is due in a campaign that sends; None where that differs from one to the other."""
    if first_step is None or waits_by_lead(first_step, campaign):
        return None
    return due_after(first_step, campaign=campaign, at=now)


def _filled(statement: str, params: dict[str, Any], **selections: models.QuerySet) -> str:
    """The statement with these selections of leads in it; their parameters are added to `params`."""
    for name, leads in selections.items():
        statement = statement.replace(f"{{{name}}}", _named(name, leads, params))
    return statement


def _named(name: str, leads: models.QuerySet, params: dict) -> str:
    """The selection as SQL; its positional parameters get names, since one style must serve the whole statement."""
    try:
        sql, values = leads.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return "SELECT 0 WHERE false"
    names = [f"{name}_{number}" for number in range(len(values))]
    params.update(zip(names, values, strict=True))
    left = iter(names)
    return re.sub(r"%[%s]", lambda found: "%%" if found[0] == "%%" else f"%({next(left)})s", sql)


# All is joined, and nothing asked by EXISTS or IN, which may be read anew for each lead. Of a large table no more is
# read than what is of the batch, for which it has to be said of each of them.
# Candidates get their reason first; only those without one are inserted. What a second campaign's enrollment took
# meanwhile cannot happen: both hold the organization's audience lock. ON CONFLICT is the net below. Whoever is left
# over without a reason is beyond the most, or was taken by what cannot happen.
_CANDIDATES = f"""
WITH forbidden AS MATERIALIZED (
    SELECT DISTINCT address FROM ({in_force_sql(organization="%(organization)s", at="%(now)s")}) listed
    WHERE campaign_id IS NULL OR campaign_id = %(campaign)s
), candidate AS MATERIALIZED (
    SELECT lead.id, lead.email,
        CASE
            WHEN already.id IS NOT NULL OR taken.address IS NOT NULL THEN 'already_enrolled'
            WHEN lead.status <> 'ok' THEN lead.status
            WHEN by_address.address IS NOT NULL OR by_domain.address IS NOT NULL THEN 'suppressed'
            WHEN dying.id IS NOT NULL THEN 'being_deleted_elsewhere'
            WHEN busy.id IS NOT NULL THEN 'active_elsewhere'
            WHEN booked.lead_id IS NOT NULL THEN 'booked'
            WHEN lacking.id IS NOT NULL THEN 'merge_value_missing'
        END AS reason
    FROM leads lead
    LEFT JOIN campaign_recipients already ON already.lead_id = lead.id AND already.campaign_id = %(campaign)s
        AND already.lead_id > %(above)s AND already.lead_id <= %(upto)s
    LEFT JOIN (
        -- Narrowed to addresses of the batch first: else all who are inside are told apart for each batch.
        SELECT DISTINCT lower(email_address) AS address FROM campaign_recipients
        WHERE campaign_id = %(campaign)s AND lower(email_address) IN (
            SELECT lower(email) FROM leads
            WHERE organization_id = %(organization)s AND id > %(above)s AND id <= %(upto)s
        )
    ) taken ON taken.address = lower(lead.email)
    LEFT JOIN forbidden by_address ON by_address.address = lead.email_normalized
    LEFT JOIN forbidden by_domain ON by_domain.address = lead.domain
    LEFT JOIN ({{lacking}}) lacking (id) ON lacking.id = lead.id
    LEFT JOIN (
        SELECT DISTINCT lead_id FROM campaign_recipients WHERE booked_at IS NOT NULL AND %(standing)s
    ) booked ON booked.lead_id = lead.id
    LEFT JOIN campaign_recipients busy ON busy.lead_id = lead.id AND busy.occupies AND %(exclusive)s
        AND busy.lead_id > %(above)s AND busy.lead_id <= %(upto)s
    LEFT JOIN campaigns dying ON dying.id = busy.campaign_id AND dying.deleting_at IS NOT NULL
    WHERE lead.organization_id = %(organization)s AND lead.id > %(above)s AND lead.id <= %(upto)s
      AND lead.id IN ({{chosen}})
)
"""  # noqa: S608 - a text of our own
_TAKE_IN = f"""
{_CANDIDATES}, inserted AS (
    INSERT INTO campaign_recipients
        (campaign_id, lead_id, email_address, status, next_step_id, next_send_at, occupies, created_at, updated_at)
    SELECT %(campaign)s, id, email, 'pending', %(step)s::bigint, %(due)s::timestamptz, %(exclusive)s, %(now)s, %(now)s
    FROM candidate WHERE reason IS NULL ORDER BY id LIMIT %(most)s::bigint
    ON CONFLICT DO NOTHING
    RETURNING lead_id
)
SELECT 'enrolled', count(*) FROM inserted
UNION ALL
SELECT coalesce(reason, %(left_over)s::text), count(*) FROM candidate
LEFT JOIN inserted ON inserted.lead_id = candidate.id
WHERE reason IS NOT NULL OR inserted.lead_id IS NULL
GROUP BY 1
"""  # noqa: S608 - a text of our own
_FORESEE = f"""
{_CANDIDATES} SELECT coalesce(reason, 'enrolled'), count(*) FROM candidate GROUP BY 1
"""  # noqa: S608 - a text of our own
