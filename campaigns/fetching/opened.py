"""The job of a fetch, and whether a campaign waits for one."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import models, transaction
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Now
from django_q.tasks import async_task

from campaigns.models import Campaign, CampaignStatus, Job, JobKind
from campaigns.open_jobs import end_job
from campaigns.task_names import FETCH
from campaigns_project.audit.actors import Actor
from campaigns_project.states import ProgressStatus
from leads.imports.ending import end_import
from leads.models import ImportStatus

OPEN = Q(kind=JobKind.FETCH) & ~Q(status__in=ProgressStatus.ended)
STARTING = OPEN & Q(state__then_send=True)


class Phase(models.TextChoices):
    """How far a fetch is; kept in the job's state."""

    PAGES = "pages", "asks the provider"
    STAGE = "stage", "reads what came"
    ENRICH = "enrich", "fills empty fields"
    PROMOTE = "promote", "makes leads of them"
    ENROLL = "enroll", "enrolls them"
    BEGIN = "begin", "checks every mail"


def wants_fetch(campaign: Campaign) -> bool:
    """Whether a start would fetch people first: there is a lead source, and nobody was ever enrolled."""
    return bool(campaign.lead_source) and not campaign.recipients.exists()


def open_fetch(campaign: Campaign) -> Job | None:
    """The fetch that is queued or under way for `campaign`."""
    return Job.objects.filter(OPEN, campaign=campaign).first()


def is_being_filled(campaign: Campaign) -> bool:
    """Whether the campaign was started and waits for its people: whoever comes in is not due before they are checked.

    Asked by everybody who enrolls; it costs a query only where there is a lead source.
    """
    return bool(campaign.lead_source) and Job.objects.filter(STARTING, campaign=campaign).exists()


def was_never_checked(campaign: Campaign) -> bool:
    """Whether the campaign's last start came to no end: its people, if any, have not been checked mail by mail."""
    if not campaign.lead_source:
        return campaign.status == CampaignStatus.FAILED
    last = Job.objects.filter(kind=JobKind.FETCH, campaign=campaign, state__then_send=True).first()
    return campaign.status == CampaignStatus.FAILED or (last is not None and last.status != ProgressStatus.SUCCEEDED)


def queue_fetch(
    campaign: Campaign, *, actor: Actor, now: datetime, then_send: bool = False, hold: timedelta = timedelta()
) -> Job:
    """A fetch by the campaign's source as it is now; the caller's transaction holds the campaign's row.

    With `then_send` the campaign waits for it, and begins to send when everybody is checked; a fetch that is under way
    already serves for that too.
    """
    starting: dict[str, Any] = {"then_send": then_send, "hold": hold.total_seconds()}
    job = open_fetch(campaign)
    if job is not None:
        remember(Job.objects.filter(OPEN, pk=job.pk), **starting)
    else:
        state = {"source": campaign.lead_source, "phase": Phase.PAGES, "cursor": None, "import": None, **starting}
        job = Job.objects.create(
            organization_id=campaign.organization_id,
            campaign=campaign,
            kind=JobKind.FETCH,
            total=campaign.lead_source["count"],
            state=state,
            created_by=actor.name,
            created_at=now,
        )
    enqueue(job.pk)
    return job


def enqueue(job_id: int) -> None:
    """Queue a turn of the fetch, once the present transaction has committed."""
    transaction.on_commit(partial(async_task, FETCH, job_id, q_options={"task_name": f"fetch {job_id}"}))


def remember(jobs: Any, *, fields: dict[str, Any] | None = None, **kept: Any) -> int:
    """Add to the state of these jobs, and to it alone; `fields` are set with it. How many jobs there were."""
    return jobs.update(state=_merged(kept), heartbeat_at=Now(), **(fields or {}))


def cancel_starting(campaign: Campaign, why: str) -> None:
    """End the fetch that the campaign's start waits for, if there is one. What was bought stays in the journal."""
    for job in Job.objects.filter(STARTING, campaign=campaign):
        end_fetch(job, ProgressStatus.CANCELED, error_message=why)


@transaction.atomic
def end_fetch(job: Job, status: ProgressStatus, *, error_message: str = "") -> bool:
    """End the job and its import; False when it had ended before."""
    if not end_job(job, status, error_message=error_message):
        return False
    lead_import = Job.objects.values_list("state__import", flat=True).get(pk=job.pk)
    if lead_import is not None and status != ProgressStatus.SUCCEEDED:
        ended = ImportStatus.CANCELED if status == ProgressStatus.CANCELED else ImportStatus.FAILED
        end_import(lead_import, status=ended, error_message=error_message)
    return True


def _merged(kept: dict[str, Any]) -> Func:
    value = Value(kept, output_field=models.JSONField())
    return Func(F("state"), value, arg_joiner=" || ", template="%(expressions)s", output_field=models.JSONField())
