"""Which verb leads from where to where, and the one guarded update that takes it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns.errors import PAST, StateConflict
from campaigns.models import Campaign, CampaignStatus
from campaigns.models.campaign import CampaignQuerySet
from campaigns.models.verbs import verbs_from
from campaigns.telling import tell_of_campaign, tell_of_verb
from campaigns_project.audit.actors import SYSTEM, Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound
from campaigns_project.webhooks.events import EventType

_TOLD = {CampaignStatus.PAUSED: EventType.CAMPAIGN_PAUSED, CampaignStatus.FAILED: EventType.CAMPAIGN_FAILED}


def allowed_verbs(campaign: Campaign) -> tuple[str, ...]:
    """The verbs the campaign's state allows now, in the order of the job."""
    if campaign.deleting_at is not None:
        return ()
    return verbs_from(campaign.status)


def reread(campaign: Campaign, verb: str, *, lock: bool = False) -> Campaign:
    """The campaign as it is now; StateConflict unless that allows `verb`, NotFound when it is gone or being deleted.

    With `lock` the row is held, so that two who press a button at once queue here and the second sees what the first
    made of it.
    """
    rows = Campaign.objects.living()
    rows = rows.select_for_update(no_key=True) if lock else rows.select_related("organization")
    current = rows.filter(pk=campaign.pk).first()
    if current is None:
        raise NotFound("not_found", f"There is no campaign {campaign.pk} any more.")
    if verb not in allowed_verbs(current):
        raise StateConflict(verb, current.status)
    return current


@transaction.atomic
def move(
    campaign: Campaign,
    verb: str,
    *,
    to: CampaignStatus,
    actor: Actor,
    now: datetime,
    reason: str = "",
    told: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Campaign:
    """Take `verb`: one update that only the state left lets pass, and its audit row, in one transaction.

    `told` is what the audit row says besides the state; `fields` are set with it. StateConflict when another was
    faster; then nothing was changed.
    """
    current = reread(campaign, verb, lock=True)
    defaults = {"status_message": "", "status_code": "", "status_error": "", "paused_at": None, "hold_until": None}
    Campaign.objects.filter(pk=campaign.pk, status=current.status).update(
        status=to, updated_at=now, **{**defaults, **fields}
    )
    record(
        action=f"campaign.{PAST[verb]}",
        entity=current,
        organization_id=current.organization_id,
        actor=actor,
        before={"status": current.status},
        after={"status": to, **(told or {})},
        reason=reason,
    )
    tell_of_verb(verb, current, at=now, reason=reason)
    return Campaign.objects.select_related("organization").get(pk=campaign.pk)


def move_by_system(
    movable: CampaignQuerySet,
    *,
    to: CampaignStatus,
    code: str,
    message: str,
    error: str,
    now: datetime,
    told: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Campaign | None:
    """Take the one campaign of `movable` to `to` for a reason operators read, in the caller's transaction.

    Answers it as it was; None, and nothing done, when it is not among them any more. `told` and `fields` as in `move`.
    """
    campaign = movable.select_for_update(no_key=True).first()
    if campaign is None:
        return None
    reasons = {"status_code": code, "status_message": message, "status_error": error}
    movable.update(status=to, hold_until=None, updated_at=now, **reasons, **fields)
    record(
        action=f"campaign.{to}",
        entity=campaign,
        organization_id=campaign.organization_id,
        actor=SYSTEM,
        before={"status": campaign.status},
        after={"status": to, "code": code, **(told or {})},
        reason=message,
    )
    tell_of_campaign(_TOLD[to], campaign, at=now, code=code, reason=message)
    return campaign


def reopen(campaign: Campaign, *, actor: Actor, now: datetime) -> None:
    """From failed to paused, in the caller's transaction, which holds the row: from there the campaign can go on."""
    failed = Campaign.objects.filter(pk=campaign.pk, status=CampaignStatus.FAILED)
    if not failed.update(status=CampaignStatus.PAUSED, paused_at=now, failed_at=None, updated_at=now):
        raise StateConflict("resume", campaign.status)
    record(
        action="campaign.reopened",
        entity=campaign,
        organization_id=campaign.organization_id,
        actor=actor,
        before={"status": CampaignStatus.FAILED},
        after={"status": CampaignStatus.PAUSED},
    )
