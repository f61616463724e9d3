"""The people of an import into the draft campaign that was named with it."""

from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django_q.tasks import async_task

from campaigns.enrollment.enroll import begin_enrollment, queue_rest
from campaigns.enrollment.select import OfImport
from campaigns.locks import SOON, AudienceTaken
from campaigns.models import Campaign, CampaignStatus, Job
from campaigns.task_names import ENROLL
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.errors import Refused, StateRefused
from campaigns_project.states import ProgressStatus
from campaigns_project.workers.queue import queue_later
from leads.imports.following import note_follow_up
from leads.imports.options import ImportOptions
from leads.models import LeadImport


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


def enroll_imported(*, lead_import_id: int, now: datetime) -> None:
    """Enroll the people of an import where its options say, and note with it what came of that.

    What stands against it now, a campaign that was started or deleted meanwhile, is noted as a sentence. Doing it twice
    enrolls nobody twice. Where somebody else enrolls at this moment it is done some seconds later; of very many people
    a job enrolls the others.
    """
    lead_import = LeadImport.objects.select_related("organization").get(pk=lead_import_id)
    number = lead_import.options["enroll_into"]
    campaign = Campaign.objects.living().for_organization(lead_import.organization).filter(pk=number).first()
    if campaign is None or campaign.status != CampaignStatus.DRAFT:
        _note(lead_import_id, number, refused=f"Campaign {number} is no draft any more: nobody was enrolled.")
        return
    people = OfImport(lead_import_id=lead_import_id)
    try:
        job = begin_enrollment(campaign=campaign, selection=people, actor=SYSTEM, now=now, gives_way=True)
    except AudienceTaken:
        queue_later(ENROLL, lead_import_id, after=SOON)
    except Refused as refused:
        _note(lead_import_id, number, refused=refused.message)
    else:
        if job.status in ProgressStatus.ended:
            note_enrollment(job)
        else:
            queue_rest(job.pk)


def note_enrollment(job: Job) -> None:
    """Note what came of a job that has ended with its import, where that was to be enrolled."""
    number = job.state.get("import")
    lead_import = LeadImport.objects.filter(pk=number, options__enroll_into=job.campaign_id).first()
    if number is None or lead_import is None:
        return
    if job.status == ProgressStatus.FAILED:
        _note(lead_import.pk, job.campaign_id, refused=job.error_message)
    else:
        _note(lead_import.pk, job.campaign_id, **job.result)


def _note(lead_import_id: int, campaign_id: int | None, **told: Any) -> None:
    note_follow_up(lead_import_id, name="enrollment", result={"campaign": campaign_id, **told})
