"""Where an operator stands with a lead: one status for each person and campaign."""

from typing import Any

from django.db import transaction

from campaigns.models import Campaign, LeadUserStatus, UserStatus
from campaigns.ops.interested import call_who_is_interested
from campaigns.working_with_leads.current import campaign_for
from campaigns_project.accounts.models import User
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import Refused
from leads.models import Lead


@transaction.atomic
def set_status(
    *, lead: Lead, user: User, status: str, campaign: Campaign | None = None, actor: Actor
) -> LeadUserStatus:
    """Say where `user` stands with `lead`; the one said before for the same campaign is replaced.

    Without a campaign it is that of the latest enrollment. Who is interested is to be called, where the plan of the
    campaign says so. Refused for a status that does not exist.
    """
    _refuse_unknown(status)
    campaign = campaign_for(lead, campaign)
    # Of two who say it at once the second waits for the first here, and finds its row.
    Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
    row = LeadUserStatus.objects.filter(lead=lead, user=user, campaign=campaign).first()
    if row:
        return change_status(row=row, status=status, actor=actor)
    row = LeadUserStatus.objects.create(lead=lead, user=user, campaign=campaign, status=status)
    _record(row, "created", actor, after={"status": status, "campaign": campaign and campaign.pk})
    call_who_is_interested(lead=lead, campaign=campaign, status=status, user=user, actor=actor)
    return row


@transaction.atomic
def change_status(*, row: LeadUserStatus, status: str, actor: Actor) -> LeadUserStatus:
    """Another status in the place of what `row` says. Refused for a status that does not exist."""
    _refuse_unknown(status)
    before, row.status = row.status, status
    row.save(update_fields=["status", "updated_at"])
    _record(row, "changed", actor, before={"status": before}, after={"status": status})
    if status != before:
        call_who_is_interested(lead=row.lead, campaign=row.campaign, status=status, user=row.user, actor=actor)
    return row


@transaction.atomic
def clear_status(*, status: LeadUserStatus, actor: Actor) -> None:
    """Take a status back: as if nothing had been said."""
    _record(status, "deleted", actor, before={"status": status.status})
    status.delete()


def _refuse_unknown(status: str) -> None:
    if status not in UserStatus.values:
        known = ", ".join(UserStatus.values)
        raise Refused("unknown_lead_status", f"There is no status “{status}”.", f"Known: {known}.", {"field": "status"})


def _record(row: LeadUserStatus, act: str, actor: Actor, **told: Any) -> None:
    organization = row.lead.organization_id
    record(action=f"leaduserstatus.{act}", entity=row, organization_id=organization, actor=actor, **told)
