"""The people of an import into the draft campaign that was named with it."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django_q.tasks import async_task

from campaigns.enrollment.enroll import enroll
from campaigns.enrollment.select import Selection
from campaigns.models import Campaign, CampaignStatus
from campaigns.task_names import ENROLL
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.errors import Refused, StateRefused
from leads.imports.following import note_follow_up
from leads.imports.options import ImportOptions
from leads.models import Lead, LeadImport, LeadQuerySet, StagedLead


@dataclass(frozen=True)
class OfImport(Selection):
    """Everybody whom an import made or met."""

    lead_import_id: int = 0

    def leads(self, organization: Organization, *, now: datetime) -> LeadQuerySet:
        staged = StagedLead.objects.filter(lead_import_id=self.lead_import_id, lead__isnull=False)
        return Lead.objects.for_organization(organization).filter(pk__in=staged.values("lead"))


def check_target(organization: Organization, options: ImportOptions) -> Refused | None:
    """The refusal to give when the people of an import cannot be enrolled where they should."""
    if options.enroll_into is None:
        return None
    campaign = Campaign.objects.living().for_organization(organization).filter(pk=options.enroll_into).first()
    if campaign is None:
        return Refused(
            "unknown_campaign",
            f"There is no campaign {options.enroll_into} in {organization}.",
            "Choose a draft of the same organization.",
            {"field": "enroll_into"},
        )
    if campaign.status != CampaignStatus.DRAFT:
        return StateRefused(
            "campaign_not_draft",
            f"“{campaign.name}” is {campaign.status}, and an import enrolls into drafts alone.",
            "Import without it, look at the people, and enroll them from the campaign's page.",
        )
    return None


def queue_enrollment(lead_import: LeadImport) -> None:
    """Have a worker enroll them once the present transaction is committed."""
    if lead_import.options.get("enroll_into") is not None:
        transaction.on_commit(partial(async_task, ENROLL, lead_import.pk))


def enroll_imported(*, lead_import_id: int, now: datetime) -> dict[str, Any]:
    """Enroll the people of an import where its options say, and note with it what came of that.

    What stands against it now, a campaign that was started or deleted meanwhile, is noted as a sentence. Doing it twice
    enrolls nobody twice.
    """
    lead_import = LeadImport.objects.select_related("organization").get(pk=lead_import_id)
    result = _enroll(lead_import, lead_import.options["enroll_into"], now)
    note_follow_up(lead_import_id, name="enrollment", result=result)
    return result


def _enroll(lead_import: LeadImport, campaign_id: int, now: datetime) -> dict[str, Any]:
    drafts = Campaign.objects.living().for_organization(lead_import.organization)
    campaign = drafts.filter(pk=campaign_id, status=CampaignStatus.DRAFT).first()
    if campaign is None:
        return {
            "campaign": campaign_id,
            "refused": f"Campaign {campaign_id} is no draft any more: nobody was enrolled.",
        }
    try:
        done = enroll(campaign=campaign, selection=OfImport(lead_import_id=lead_import.pk), actor=SYSTEM, now=now)
    except Refused as refusal:
        return {"campaign": campaign_id, "refused": refusal.message}
    return {"campaign": campaign_id, "enrolled": done.enrolled, "skipped": done.skipped}
