"""Enroll leads, batch by batch: one job says how far it is, and anybody can go on with what was cut off."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django_q.tasks import async_task

from campaigns.enrollment.select import OfImport, Selection
from campaigns.enrollment.take_in import LAST, SkipReason, TakenIn, take_in
from campaigns.fetching.opened import remember
from campaigns.locks import hold_audience, require_audience
from campaigns.models import Campaign, Job, JobKind
from campaigns.open_jobs import end_job
from campaigns.task_names import ENROLL_REST
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import Refused
from campaigns_project.faults import what_broke
from campaigns_project.states import ProgressStatus
from campaigns_project.workers.queue import queue_later

BATCH = 50_000  # leads a transaction: whoever else enrolls, starts or stops waits as long as one lasts, a second or two
OPEN = Q(kind=JobKind.ENROLL) & ~Q(status__in=ProgressStatus.ended)


@dataclass(frozen=True)
class EnrollmentResult:
    """What came of it; `skipped` counts leads by SkipReason."""

    job: Job
    enrolled: int
    skipped: dict[str, int]


def enroll(*, campaign: Campaign, selection: Selection, actor: Actor, now: datetime) -> EnrollmentResult:
    """Enroll the selected leads; each is either in, or counted under the reason why not: see `take_in`.

    In batches, each a transaction with an audit entry of its own, and one job for all. Cut off by a kill, workers go on
    where it was. Only the best of a ranking (`top`, `most`) are one batch, however many they are.
    Refused for a campaign that has ended, NotFound for one that is gone or being deleted; where that happens between
    two batches the job says so, and keeps its counts.
    """
    job = begin_enrollment(campaign=campaign, selection=selection, actor=actor, now=now)
    if job.status in ProgressStatus.ended:
        return EnrollmentResult(job=job, **job.result)
    try:
        while go_on(job_id=job.pk, now=now):
            pass
    except DatabaseError:
        raise  # nothing can be noted; the job falls silent, and workers go on with it
    except Exception as error:
        note_broken_off(job_id=job.pk, message=f"It broke off and is tried again. {what_broke(error)}")
        raise
    job.refresh_from_db()
    return EnrollmentResult(job=job, **job.result)


def begin_enrollment(
    *, campaign: Campaign, selection: Selection, actor: Actor, now: datetime, gives_way: bool = False
) -> Job:
    """Enroll the first batch: the job, which runs on where there are more (`go_on`, `queue_rest`).

    One that `gives_way` raises AudienceTaken, with nothing done, where somebody else enrolls at this moment.
    """
    upto = _end_of_batch(campaign, selection, 0, now)
    meant = None if upto == LAST else _count(campaign, selection, now)
    with transaction.atomic():
        _hold(campaign, gives_way=gives_way)
        taken = take_in(campaign=campaign, selection=selection, now=now, upto=upto)
        if meant is None:
            return report_enrollment(_with_missing(taken, met=0), actor=actor, now=now)
        rest = {"selection": selection.as_json(), "above": upto, "actor": asdict(actor)}
        return report_enrollment(taken, actor=actor, now=now, total=meant, rest=rest)


def open_job(*, campaign: Campaign, selection: Selection, actor: Actor) -> Job:
    """The job of an enrollment of which nothing is done yet, for `queue_rest`."""
    return Job.objects.create(
        organization_id=campaign.organization_id,
        campaign=campaign,
        kind=JobKind.ENROLL,
        result={"enrolled": 0, "skipped": {}},
        state={**_origin(selection), "selection": selection.as_json(), "above": 0, "actor": asdict(actor)},
        created_by=actor.name,
    )


def go_on(*, job_id: int, now: datetime, gives_way: bool = False) -> bool:
    """Enroll the next batch of a job; False when it has ended, or somebody else goes on with it.

    A refusal, such as that of a campaign that has ended, ends the job and is raised. AudienceTaken as in the beginning.
    """
    job = Job.objects.filter(OPEN, pk=job_id).select_related("campaign__organization").first()
    if job is None or job.campaign is None:
        return False
    try:
        return _next_batch(job, job.campaign, now, gives_way=gives_way)
    except Refused as refused:
        fail_enrollment(job, message=str(refused))
        raise


def fail_enrollment(job: Job, *, message: str) -> None:
    """End one that cannot go on. Who is in by now stays in."""
    end_job(job, ProgressStatus.FAILED, error_message=message, state=_kept(job))


def note_broken_off(*, job_id: int, message: str) -> None:
    """Say on the job why it stands still; workers go on with it after a while."""
    Job.objects.filter(OPEN, pk=job_id).update(status=ProgressStatus.STALLED, error_message=message, heartbeat_at=Now())


def queue_rest(job_id: int, *, after: timedelta | None = None) -> None:
    """Have a worker go on with a job, once the present transaction has committed; not before `after` is over."""
    if after is not None:
        transaction.on_commit(partial(queue_later, ENROLL_REST, job_id, after=after))
    else:
        transaction.on_commit(partial(async_task, ENROLL_REST, job_id, q_options={"task_name": f"enroll {job_id}"}))


def report_enrollment(
    taken: TakenIn, *, actor: Actor, now: datetime, total: int | None = None, rest: Mapping[str, Any] | None = None
) -> Job:
    """The audit row and the job of an enrollment, in the transaction in which they came.

    With a `rest` that is still to be done the job goes on, and remembers it; `total` is how many leads are meant, where
    it is more than were met.
    """
    _audit(taken, actor)
    campaign = taken.campaign
    return Job.objects.create(
        organization_id=campaign.organization_id,
        campaign=campaign,
        kind=JobKind.ENROLL,
        status=ProgressStatus.SUCCEEDED if rest is None else ProgressStatus.RUNNING,
        result={"enrolled": taken.enrolled, "skipped": taken.skipped},
        state={**_origin(taken.selection), **(rest or {})},
        created_by=actor.name,
        started_at=now,
        heartbeat_at=Now(),
        finished_at=now if rest is None else None,
        done=taken.enrolled,
        total=taken.enrolled + sum(taken.skipped.values()) if total is None else total,
    )


@transaction.atomic
def _next_batch(job: Job, campaign: Campaign, now: datetime, *, gives_way: bool) -> bool:
    above, selection = job.state["above"], _selection(job)
    upto = _end_of_batch(campaign, selection, above, now)
    total = job.total if upto == LAST or job.total is not None else _count(campaign, selection, now)
    _hold(campaign, gives_way=gives_way)
    ours = Job.objects.filter(OPEN, pk=job.pk, state__above=above)
    if not ours.select_for_update(no_key=True).exists():
        return False
    taken = take_in(campaign=campaign, selection=selection, now=now, above=above, upto=upto)
    is_last = upto == LAST
    before = Counter(job.result["skipped"])
    if is_last:
        taken = _with_missing(taken, met=job.result["enrolled"] + before.total())
    _audit(taken, Actor(**job.state["actor"]))
    enrolled, skipped = job.result["enrolled"] + taken.enrolled, before + Counter(taken.skipped)
    counts: dict[str, Any] = {
        "result": {"enrolled": enrolled, "skipped": dict(skipped)},
        "done": enrolled,
        "started_at": job.started_at or now,
    }
    if is_last:
        end_job(job, ProgressStatus.SUCCEEDED, total=enrolled + skipped.total(), state=_kept(job), **counts)
    else:
        running = {"status": ProgressStatus.RUNNING, "error_message": "", "total": total}
        remember(ours, fields={**running, **counts}, above=upto, attempts=0)
    return not is_last


def _hold(campaign: Campaign, *, gives_way: bool) -> None:
    if gives_way:
        require_audience(campaign.organization_id)
    else:
        hold_audience(campaign.organization_id)


def _end_of_batch(campaign: Campaign, selection: Selection, above: int, now: datetime) -> int:
    """The highest number of the batch behind `above`; LAST where nobody is left behind it."""
    if selection.top is not None or selection.most is not None:
        return LAST
    meant = selection.leads_for(campaign, now=now).order_by("pk").values_list("pk", flat=True)
    # The last of it, and whether there is one more.
    ends = meant.filter(pk__gt=above)[BATCH - 1 : BATCH + 1]
    return ends[0] if len(ends) > 1 else LAST


def _count(campaign: Campaign, selection: Selection, now: datetime) -> int:
    if selection.lead_ids is not None:
        return len(set(selection.lead_ids))
    return selection.leads_for(campaign, now=now).count()


def _with_missing(taken: TakenIn, *, met: int) -> TakenIn:
    """Of leads that were named by their numbers, those that are not there are counted with the last batch.

    Batches before it have `met` so many.
    """
    if taken.selection.lead_ids is None:
        return taken
    missing = len(set(taken.selection.lead_ids)) - met - taken.enrolled - sum(taken.skipped.values())
    return replace(taken, skipped={**taken.skipped, SkipReason.NOT_FOUND.value: missing}) if missing else taken


def _audit(taken: TakenIn, actor: Actor) -> None:
    campaign = taken.campaign
    counts: dict[str, Any] = {"enrolled": taken.enrolled, "skipped": taken.skipped}
    record(
        action="campaign.enrolled", entity=campaign, organization_id=campaign.organization_id, actor=actor, after=counts
    )


def _selection(job: Job) -> Selection:
    stored = job.state["selection"]
    return OfImport.of_json(stored) if "lead_import_id" in stored else Selection.of_json(stored)


def _origin(selection: Selection) -> dict[str, int]:
    """Where they came from, as is asked of a job later on."""
    if isinstance(selection, OfImport):
        return {"import": selection.lead_import_id}
    return {} if selection.segment is None else {"segment": selection.segment}


def _kept(job: Job) -> dict[str, Any]:
    """What its state keeps when it is over: all but what was needed to go on."""
    return {name: value for name, value in job.state.items() if name in ("import", "segment")}
