"""Ask for a campaign's deletion: from here on it shows nowhere."""

from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django_q.tasks import async_task

from campaigns.deletion.blockers import blockers_of_campaign
from campaigns.deletion.errors import AlreadyDeleting, DeletionBlocked, ReasonMissing, StalePreview, WrongName
from campaigns.deletion.impact import Blocker, Impact
from campaigns.deletion.preview import preview
from campaigns.deletion.relations import tree_of
from campaigns.deletion.work import delete_some, open_jobs
from campaigns.locks import hold_audience
from campaigns.models import Campaign, Job, JobKind
from campaigns.task_names import DELETE
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound
from campaigns_project.idempotency.forget import forget_answers

SMALL = 5_000  # rows: gone in a fraction of a second, so that nobody has to wait for a worker
AT_ONCE = timedelta(minutes=1)  # far more than that takes


def request_deletion(
    *,
    campaign: Campaign,
    confirm_name: str,
    token: str,
    reason: str,
    actor: Actor,
    now: datetime,
    by_worker: bool = True,
) -> Job:
    """Hide `campaign` at once and have it deleted; a small one is gone when this returns (the job has succeeded).

    The job is not the campaign's own, so that it outlives it: `job.subject_ref` is the campaign's number and
    `job.campaign` None. `by_worker` False leaves a large one to the caller, who calls `delete_some` until it is done.

    Refused, and nothing changed: WrongName, ReasonMissing, StalePreview (with the new numbers), DeletionBlocked,
    AlreadyDeleting, SchemaIncomplete, or NotFound when it is gone.
    """
    campaign = _reread(campaign)
    require_confirmation(name=campaign.name, confirm_name=confirm_name, reason=reason)
    impact = preview(campaign=campaign, now=now)
    require_unchanged(impact, token)
    job = _hide(campaign, impact, reason=reason.strip(), actor=actor, now=now)
    forget_answers(organization_id=campaign.organization_id, but_of=actor.request_id)
    if impact.total <= SMALL:
        delete_some(job_id=job.pk, now=now, budget=AT_ONCE)
        job.refresh_from_db()
    elif by_worker:
        enqueue(job.pk)
    return job


def require_confirmation(*, name: str, confirm_name: str, reason: str) -> None:
    """Refused (WrongName, ReasonMissing) unless the name was typed as it is, but for space around it, with a reason."""
    if confirm_name.strip() != name.strip():
        raise WrongName(name)
    if not reason.strip():
        raise ReasonMissing


def require_unchanged(impact: Impact, token: str) -> None:
    """Refused while something is in the way, and for the token of another impact than this."""
    require_unblocked(impact)
    if token != impact.token:
        raise StalePreview(impact)


def require_unblocked(impact: Impact) -> None:
    """Refused (DeletionBlocked) while something is in the way."""
    if impact.is_blocked:
        raise DeletionBlocked(as_dicts(impact.blockers))


def as_dicts(blockers: list[Blocker]) -> list[dict[str, Any]]:
    """As plain values."""
    return [asdict(blocker) for blocker in blockers]


def open_deletion(campaign_id: int) -> Job | None:
    """The deletion of this campaign that is queued or under way."""
    return open_jobs(JobKind.DELETE).filter(subject_ref=campaign_id).first()


def require_not_deleting(campaign: Campaign) -> None:
    """Refused (AlreadyDeleting) when a deletion of its own removes it, or the erasure of its organization."""
    erasures = open_jobs(JobKind.ERASE).filter(subject_ref=campaign.organization_id)
    job = open_deletion(campaign.pk) or erasures.first()
    if job:
        raise AlreadyDeleting(job.pk)


def enqueue(job_id: int) -> None:
    """Queue a turn of the deletion or erasure, once the present transaction has committed."""
    transaction.on_commit(partial(async_task, DELETE, job_id, q_options={"task_name": f"delete {job_id}"}))


def first_state(*, reason: str, actor: Actor, **subject: Any) -> dict[str, Any]:
    """What a job has to remember until its end."""
    return {"subject": subject, "reason": reason, "actor": asdict(actor), "removed": {}, "failures": {}}


def _reread(campaign: Campaign) -> Campaign:
    current = Campaign.objects.select_related("organization").filter(pk=campaign.pk).first()
    if current is None:
        raise NotFound("not_found", f"There is no campaign {campaign.pk} any more.")
    require_not_deleting(current)
    return current


@transaction.atomic
def _hide(campaign: Campaign, impact: Impact, *, reason: str, actor: Actor, now: datetime) -> Job:
    """Under the lock of those who enroll and start: from here on nobody starts it, and nobody comes in."""
    hold_audience(campaign.organization_id)
    list(Campaign.objects.select_for_update(no_key=True).filter(pk=campaign.pk))  # two who ask at once queue here
    _reread(campaign)
    blockers = blockers_of_campaign(campaign, tree_of(Campaign))
    if blockers:
        raise DeletionBlocked(as_dicts(blockers))
    # One that is hidden though nobody deletes it (its job was removed by hand) is deleted as well, or it would stay so.
    Campaign.objects.living().filter(pk=campaign.pk).update(deleting_at=now, updated_at=now)
    subject = {"id": campaign.pk, "slug": campaign.campaign_id, "name": campaign.name}
    job = Job.objects.create(
        organization_id=campaign.organization_id,
        kind=JobKind.DELETE,
        subject_ref=campaign.pk,
        total=impact.total,
        state=first_state(reason=reason, actor=actor, **subject),
        result={"subject": subject},
        created_by=actor.name,
    )
    record(
        action="campaign.deletion_requested",
        entity=campaign,
        organization_id=campaign.organization_id,
        actor=actor,
        before={"status": campaign.status},
        after={"job": job.pk, "removes": impact.removed},
        reason=reason,
    )
    return job
