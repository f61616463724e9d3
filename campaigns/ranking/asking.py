"""Ranking on request: at once for few leads, as a job for many."""

from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django_q.tasks import async_task

from campaigns.enrollment import Selection
from campaigns.locks import hold_ranking
from campaigns.models import Campaign, Job, JobKind
from campaigns.open_jobs import end_job, take_silent
from campaigns.ranking.rank import rank
from campaigns.ranking.rules import read_point_rules
from campaigns.task_names import RANK
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound, Refused, StateRefused
from campaigns_project.states import ProgressStatus

AT_ONCE = 5_000  # leads; well under a second
STALE_AFTER = timedelta(minutes=10)  # a million leads take seconds: whose worker was silent for longer is dead
OPEN = Q(kind=JobKind.RANK) & ~Q(status__in=ProgressStatus.ended)


@transaction.atomic
def ask_ranking(*, campaign: Campaign, selection: Selection, actor: Actor, now: datetime) -> Job:
    """Rank the selected leads for `campaign`; the job, ended already for up to AT_ONCE of them.

    One that waits for the same campaign, or is under way, is canceled: the newer question counts.
    """
    if not Campaign.objects.living().select_for_update(no_key=True).filter(pk=campaign.pk):
        raise NotFound("not_found", f"There is no campaign {campaign.pk} any more.")
    if selection.top is not None:
        raise Refused("top_of_a_ranking", "A ranking is made of all who are selected.", "Leave “top” out.")
    if not read_point_rules(campaign.ranking_rules):
        raise StateRefused("no_ranking_rules", f"“{campaign}” has no ranking rules.", "Give it some first.")
    at_once = selection.leads(campaign.organization, now=now)[: AT_ONCE + 1].count() <= AT_ONCE
    for older in Job.objects.filter(OPEN, campaign=campaign):
        # Its worker may be at it for a while yet: nobody waits for that with the campaign's row in hand.
        at_once = at_once and older.status != ProgressStatus.RUNNING
        end_job(older, ProgressStatus.CANCELED, error_message="A newer ranking was asked for.")
    job = Job.objects.create(
        organization_id=campaign.organization_id,
        campaign=campaign,
        kind=JobKind.RANK,
        state={"selection": selection.as_json()},
        created_by=actor.name,
    )
    record(
        action="campaign.ranking_asked",
        entity=campaign,
        organization_id=campaign.organization_id,
        actor=actor,
        after={"job": job.pk},
    )
    if at_once:
        run_ranking(job_id=job.pk, now=now)
        job.refresh_from_db()
    else:
        enqueue(job.pk)
    return job


def enqueue(job_id: int) -> None:
    """Queue the ranking, once the present transaction has committed."""
    transaction.on_commit(partial(async_task, RANK, job_id, q_options={"task_name": f"rank {job_id}"}))


def run_ranking(*, job_id: int, now: datetime) -> bool:
    """Do it, all or nothing; False where the job has ended by now."""
    if not Job.objects.filter(OPEN, pk=job_id).update(
        status=ProgressStatus.RUNNING, started_at=now, heartbeat_at=Now()
    ):
        return False
    job = Job.objects.select_related("campaign__organization").get(pk=job_id)
    campaign = job.campaign
    if campaign is None or campaign.deleting_at is not None:
        return False
    try:
        number = _rank(job, campaign, now)
    except Refused as refused:
        return end_job(job, ProgressStatus.FAILED, error_message=str(refused))
    if number is None:
        return False
    end_job(job, ProgressStatus.SUCCEEDED, result={"ranked": number}, done=number, total=number)
    return True


def fail_ranking(*, job_id: int, message: str) -> None:
    """End a ranking that broke off; the one before stands."""
    for job in Job.objects.filter(OPEN, pk=job_id):
        end_job(job, ProgressStatus.FAILED, error_message=message)


def take_stalled() -> list[int]:
    """The rankings whose worker died, by the database's clock, to be queued again; each is named once."""
    return take_silent(Job.objects.filter(OPEN), after=STALE_AFTER, task=RANK)


@transaction.atomic
def _rank(job: Job, campaign: Campaign, now: datetime) -> int | None:
    """How many were ranked; None where the job was ended meanwhile, for a newer one that may be through already."""
    hold_ranking(campaign.pk)
    if not Job.objects.filter(OPEN, pk=job.pk).exists():
        return None
    leads = Selection.of_json(job.state["selection"]).leads(campaign.organization, now=now)
    return rank(campaign=campaign, leads=leads, now=now)
