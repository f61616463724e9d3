"""The full check of a large campaign as a job: chunk by chunk, going on where a killed worker left off."""

import time
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django_q.tasks import async_task

from campaigns.models import Campaign, Job, JobKind
from campaigns.open_jobs import end_job, take_silent
from campaigns.preflight.everybody import Findings, count_mails, render_after
from campaigns.preflight.snapshot import snapshot
from campaigns.task_names import CHECK
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound
from campaigns_project.states import ProgressStatus

STALE_AFTER = timedelta(minutes=2)  # a chunk takes seconds; whose worker was silent for longer is dead
OPEN = Q(kind=JobKind.PREFLIGHT) & ~Q(status__in=ProgressStatus.ended)


def open_check(campaign: Campaign) -> Job | None:
    """The full check that is queued or under way for `campaign`."""
    return Job.objects.filter(OPEN, campaign=campaign).first()


def finished_check(campaign: Campaign, name: str) -> Job | None:
    """The newest full check that ended well and saw the campaign as the snapshot `name` has it."""
    done = Job.objects.filter(campaign=campaign, kind=JobKind.PREFLIGHT, status=ProgressStatus.SUCCEEDED)
    return done.filter(result__snapshot=name).first()


def broken_check(campaign: Campaign) -> Job | None:
    """The newest full check, if it broke off and the campaign is still as it was for it."""
    newest = Job.objects.filter(campaign=campaign, kind=JobKind.PREFLIGHT).first()
    is_broken = newest is not None and newest.status == ProgressStatus.FAILED
    return newest if newest and is_broken and newest.result["snapshot"] == snapshot(campaign) else None


@transaction.atomic
def queue_check(campaign: Campaign, *, actor: Actor, now: datetime) -> Job:
    """Have a worker make every mail of `campaign`; the one under way, if it looks at the campaign as it is now.

    One that looks at an older state is canceled: nobody could start by it.
    """
    # Two who ask at once get one job; one that is being deleted gets none.
    if not Campaign.objects.living().select_for_update(no_key=True).filter(pk=campaign.pk):
        raise NotFound("not_found", f"There is no campaign {campaign.pk} any more.")
    name = snapshot(campaign)
    for job in Job.objects.filter(OPEN, campaign=campaign):
        if job.result["snapshot"] == name:
            return job
        end_job(job, ProgressStatus.CANCELED, error_message="The campaign was changed while it was being checked.")
    job = Job.objects.create(
        organization_id=campaign.organization_id,
        campaign=campaign,
        kind=JobKind.PREFLIGHT,
        total=count_mails(campaign),
        result={"snapshot": name, "findings": {"last": 0, **Findings().as_dict()}},
        created_by=actor.name,
    )
    record(
        action="campaign.check_queued",
        entity=campaign,
        organization_id=campaign.organization_id,
        actor=actor,
        after={"job": job.pk, "mails": job.total},
    )
    enqueue(job.pk)
    return job


def enqueue(job_id: int) -> None:
    """Queue a turn of the check, once the present transaction has committed."""
    transaction.on_commit(partial(async_task, CHECK, job_id, q_options={"task_name": f"check {job_id}"}))


def run_check(*, job_id: int, now: datetime, budget: timedelta) -> bool:
    """Go on with a check for `budget`; True when there is more to do. Of two that run at once one gives up."""
    ends = time.monotonic() + budget.total_seconds()
    Job.objects.filter(OPEN, pk=job_id).update(
        status=ProgressStatus.RUNNING, started_at=Coalesce(F("started_at"), now), heartbeat_at=Now()
    )
    while time.monotonic() < ends:
        job = Job.objects.filter(OPEN, pk=job_id).select_related("campaign__organization").first()
        if job is None or not _next_chunk(job, now):
            return False
    return True


def take_stalled() -> list[int]:
    """The checks whose worker died, by the database's clock, to be queued again; each is named once."""
    return take_silent(Job.objects.filter(OPEN), after=STALE_AFTER, task=CHECK)


def fail_check(*, job_id: int, message: str) -> None:
    """End a check that broke off."""
    for job in Job.objects.filter(OPEN, pk=job_id):
        end_job(job, ProgressStatus.FAILED, error_message=message)


def _next_chunk(job: Job, now: datetime) -> bool:
    """Make one chunk of mails; False when that was the last, or another worker was faster."""
    campaign = job.campaign
    if campaign is None:
        return False
    findings = Findings.of_dict(job.result["findings"])
    behind = job.result["findings"]["last"]
    step = render_after(campaign, behind, findings, now=now)
    if step is None:
        _conclude(job, campaign)
        return False
    last, mails = step
    result = {**job.result, "findings": {"last": last, **findings.as_dict()}}
    in_trouble = sum(one.count for one in findings.kinds) + findings.others
    mine = Job.objects.filter(OPEN, pk=job.pk, result__findings__last=behind)
    return bool(mine.update(result=result, done=F("done") + mails, failed=in_trouble, heartbeat_at=Now()))


def _conclude(job: Job, campaign: Campaign) -> None:
    if snapshot(campaign) == job.result["snapshot"]:
        end_job(job, ProgressStatus.SUCCEEDED)
    else:
        end_job(job, ProgressStatus.CANCELED, error_message="The campaign was changed while it was being checked.")
