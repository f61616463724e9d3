"""Make a campaign automatic, switch that on and off, and make it one again whose people are put in by hand."""

from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns.automatic.audience import StandingAudience
from campaigns.errors import StateConflict
from campaigns.locks import hold_audience
from campaigns.models import Campaign, CampaignStatus
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound, StateRefused


@transaction.atomic
def set_audience(*, campaign: Campaign, audience: StandingAudience, actor: Actor, now: datetime) -> Campaign:
    """From now on workers enroll whoever belongs to `audience`; one that was switched off stays off.

    Refused for a campaign that has ended or was made at Instantly, and for an audience that names nobody or what is
    not there.
    """
    current = _hold(campaign, "edit")
    if current.auto_discovered:
        message = f"“{current}” was made at Instantly and is only looked at from here: nobody can be enrolled in it."
        raise StateRefused("made_elsewhere", message, "Duplicate it, or make a campaign of your own.")
    audience.check(current.organization)
    before = current.standing_audience
    return _write(
        current,
        "audience_set",
        actor,
        now,
        before=before or None,
        after=audience.as_json(),
        is_automatic=True,
        standing_audience=audience.as_json(),
        next_look_at=None,
        last_look={},  # it was for another audience
    )


@transaction.atomic
def clear_audience(*, campaign: Campaign, actor: Actor, now: datetime) -> Campaign:
    """Its people are put in by hand from now on; who is in it stays. StateRefused where that is so already."""
    current = _hold(campaign, "edit")
    _require_automatic(current)
    fields: dict[str, Any] = {"is_automatic": False, "standing_audience": {}, "is_active": True}
    fields |= {"deactivated_at": None, "next_look_at": None, "last_look": {}}
    return _write(current, "audience_cleared", actor, now, before=current.standing_audience, **fields)


@transaction.atomic
def activate(*, campaign: Campaign, actor: Actor, now: datetime, reason: str = "") -> Campaign:
    """Enroll by itself again, beginning at once. StateRefused unless it is automatic and switched off."""
    current = _hold(campaign, "edit")
    _require_automatic(current)
    if current.is_active:
        raise StateRefused("already_active", f"“{current}” enrolls by itself already.")
    fields: dict[str, Any] = {"is_active": True, "deactivated_at": None, "next_look_at": None}
    return _write(current, "activated", actor, now, after={"is_active": True}, reason=reason, **fields)


@transaction.atomic
def deactivate(*, campaign: Campaign, actor: Actor, now: datetime, reason: str = "") -> Campaign:
    """Enroll nobody by itself until it is switched on again; who is in it goes on.

    A running one in which nobody is left completes then. StateRefused unless it is automatic and switched on.
    """
    current = _hold(campaign, "edit")
    _require_automatic(current)
    if not current.is_active:
        raise StateRefused("already_inactive", f"“{current}” does not enroll by itself at the moment.")
    fields: dict[str, Any] = {"is_active": False, "deactivated_at": now}
    return _write(current, "deactivated", actor, now, after={"is_active": False}, reason=reason, **fields)


def _hold(campaign: Campaign, verb: str) -> Campaign:
    """The campaign as it is, while nobody enrolls, starts or completes in its organization."""
    hold_audience(campaign.organization_id)
    rows = Campaign.objects.living().select_related("organization").select_for_update(of=("self",), no_key=True)
    current = rows.filter(pk=campaign.pk).first()
    if current is None:
        raise NotFound("not_found", f"There is no campaign {campaign.pk} any more.")
    if current.status not in CampaignStatus.editable:
        raise StateConflict(verb, current.status)
    return current


def _require_automatic(campaign: Campaign) -> None:
    if not campaign.is_automatic:
        raise StateRefused(
            "not_automatic", f"“{campaign}” has no standing audience.", "Give it one: then it enrolls by itself."
        )


def _write(
    campaign: Campaign,
    act: str,
    actor: Actor,
    now: datetime,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
    **fields: Any,
) -> Campaign:
    Campaign.objects.filter(pk=campaign.pk).update(**fields, updated_at=now)
    record(
        action=f"campaign.{act}",
        entity=campaign,
        organization_id=campaign.organization_id,
        actor=actor,
        before=before,
        after=after,
        reason=reason,
    )
    return Campaign.objects.select_related("organization").get(pk=campaign.pk)
