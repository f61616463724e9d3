"""Delete in committed batches, children first, going on where a killed worker left off."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from campaigns.deletion.batches import Batch, is_there_any
from campaigns.deletion.errors import AlreadyDeleting, RowsStay
from campaigns.deletion.queued import remove_queued_tasks
from campaigns.deletion.relations import Place, Relation, Tree, label_of, tree_of
from campaigns.deletion.turn import Overtaken, Turn
from campaigns.locks import Lock, let_go, retried, take_for_session
from campaigns.models import Campaign, Job, JobKind
from campaigns.telling import tell_of_campaign
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.states import ProgressStatus
from campaigns_project.webhooks.events import EventType

WHATEVER_IS_LEFT = 1_000_000_000  # rows: at the end there are none but what came in a moment ago


def open_jobs(kind: JobKind) -> QuerySet[Job]:
    """Deletions of this kind that have not ended."""
    return Job.objects.filter(kind=kind).exclude(status__in=ProgressStatus.ended)


def delete_some(*, job_id: int, now: datetime, budget: timedelta) -> bool:
    """Go on with the deletion of a campaign for `budget`; True when there is more to do.

    Of two that work at once one gives up (False). Killed at any point and called again, it goes on; the counts are kept
    with the rows they count. The campaign's own row goes last, with tombstone and audit entry.
    """
    with held(job_id) as is_ours:
        job = begin(JobKind.DELETE, job_id, now) if is_ours else None
        if job is None:
            return False
        turn = Turn.of(job, budget)
        try:
            return not (clear_campaign(turn, subject_of(job)) and _end(turn))
        except Overtaken:
            return False


@contextmanager
def held(job_id: int) -> Iterator[bool]:
    """Whether this session is the one that may work on the job."""
    is_ours = take_for_session(Lock.DELETION, job_id % 2**31)
    try:
        yield is_ours
    finally:
        if is_ours:
            let_go(Lock.DELETION, job_id % 2**31)


def require_free(job: Job) -> None:
    """Refused (AlreadyDeleting) while somebody works on the job."""
    with held(job.pk) as is_free:
        if not is_free:
            raise AlreadyDeleting(job.pk)


def begin(kind: JobKind, job_id: int, now: datetime) -> Job | None:
    """The job, now running; None when it has ended or is gone."""
    open_jobs(kind).filter(pk=job_id).update(
        status=ProgressStatus.RUNNING, started_at=Coalesce("started_at", now), heartbeat_at=Now(), error_message=""
    )
    return open_jobs(kind).filter(pk=job_id).first()


def subject_of(job: Job) -> int:
    """The number of what a deletion deletes; by constraint every one has it."""
    if job.subject_ref is None:
        raise ValueError(f"job {job.pk} deletes nothing")
    return job.subject_ref


def clear_campaign(turn: Turn, campaign_id: int) -> bool:
    """Remove everything that belongs to the campaign but its own row; False when the time was over first."""
    turn.part = campaign_id
    _take_off_the_queue(turn, campaign_id)
    return turn.clear(tree_of(Campaign), campaign_id)


def remove_campaign(turn: Turn, campaign_id: int) -> None:
    """The campaign's row and what came in a moment ago, in the caller's transaction; with tombstone and audit entry."""
    turn.part = campaign_id
    tree = tree_of(Campaign)
    campaign = Campaign.objects.select_for_update().filter(pk=campaign_id).first()
    remove_leftovers(turn, tree, campaign_id)
    if campaign is not None:
        _delete_with_tombstone(turn, campaign)
        turn.job.state = turn.note_rows(tree.root, 1)
        _tell(turn, campaign)
    check_nothing_is_left(turn, tree, campaign_id)
    record(
        action="campaign.deleted",
        entity=campaign or Campaign(pk=campaign_id, name=turn.job.state["subject"].get("name", "")),
        organization_id=campaign.organization_id if campaign else turn.job.organization_id,
        actor=actor_of(turn.job),
        before={"campaign_id": campaign.campaign_id, "status": campaign.status} if campaign else None,
        after={"job": turn.job.pk, "removed": turn.removed_of_part, "failures": sorted(turn.failures)},
        reason=turn.job.state["reason"],
    )


def remove_leftovers(turn: Turn, tree: Tree, key: int) -> None:
    """What came in since the table was cleared: an event on its way, for one."""
    removed: Counter[str] = Counter()
    for relation in tree.below(tree.root):
        if relation.table not in turn.failures:
            removed += _removed_at_last(turn, tree, relation, key)
    turn.job.state = turn.note(removed)


def check_nothing_is_left(turn: Turn, tree: Tree, key: int) -> None:
    """Look at every relation once more; what is still there (a step that failed, a constraint that lacks) is noted."""
    with connection.cursor() as cursor:
        left = [relation for relation in tree.below(tree.root) if _is_left(turn, cursor, relation, key)]
    for relation in left:
        turn.note_left(relation.table, "Rows are left.")
    for relation in tree.missing:
        turn.note_left(relation.table, f"The database has no {relation.table}.{relation.column}.")


def actor_of(job: Job) -> Actor:
    """Who asked for it."""
    return Actor(**job.state["actor"])


def conclude(turn: Turn, **result: Any) -> None:
    """End the job well; what could not be removed counts as failed and is named."""
    state = turn.job.state
    Job.objects.filter(pk=turn.job.pk).update(
        status=ProgressStatus.SUCCEEDED,
        total=sum(state["removed"].values()),
        done=sum(state["removed"].values()),
        failed=len(state["failures"]),
        state=state,
        result={
            "subject": state["subject"],
            "removed": state["removed"],
            "failures": [{"table": label_of(table), "error": error} for table, error in state["failures"].items()],
            **result,
        },
        finished_at=Now(),
        heartbeat_at=Now(),
    )


@retried
@transaction.atomic
def _end(turn: Turn) -> bool:
    with turn.kept_on_error():
        remove_campaign(turn, subject_of(turn.job))
    conclude(turn)
    return True


def _take_off_the_queue(turn: Turn, campaign_id: int) -> None:
    with transaction.atomic():
        turn.job.state = turn.note_rows("queued_tasks", remove_queued_tasks([campaign_id]))


def _removed_at_last(turn: Turn, tree: Tree, relation: Relation, key: int) -> Counter[str]:
    """A loose step in a savepoint of its own: should it fail, the rest goes on."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            batch = Batch(cursor, tree, WHATEVER_IS_LEFT)
            batch.remove_below(relation, [key])
            return batch.removed
    except (DatabaseError, RowsStay) as error:
        if relation.place is not Place.LOOSE:
            raise
        turn.fail(relation.table, error)
        return Counter()


def _is_left(turn: Turn, cursor: Any, relation: Relation, key: int) -> bool:
    return relation.table in turn.failures or is_there_any(cursor, relation, key)


def _tell(turn: Turn, campaign: Campaign) -> None:
    """Webhooks; where the whole organization goes there is nobody to tell."""
    if turn.job.kind == JobKind.ERASE:
        return
    event_type, reason = EventType.CAMPAIGN_DELETED, turn.job.state["reason"]
    tell_of_campaign(event_type, campaign, at=timezone.now(), reason=reason)


def _delete_with_tombstone(turn: Turn, campaign: Campaign) -> None:
    """The trigger writes the tombstone; who, why and the counts reach it by a setting of the transaction."""
    counts = {**turn.removed_of_part, label_of(Campaign._meta.db_table): 1}
    told = {"actor": turn.job.state["actor"]["name"], "reason": turn.job.state["reason"], "counts": counts}
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.deletion', %s, true)", [json.dumps(told)])
        cursor.execute("DELETE FROM campaigns WHERE id = %s", [campaign.pk])
        cursor.execute("SELECT set_config('app.deletion', '', true)")
