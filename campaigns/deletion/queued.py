"""Tasks of the queue that work on a campaign: they name a job of its, which is gone with it."""

from collections.abc import Iterable

from django_q.models import OrmQ

from campaigns.models import Job
from campaigns.task_names import CHECK

OF_A_JOB = frozenset({CHECK})  # tasks whose one argument is the number of a job


def queued_tasks(campaign_ids: Iterable[int]) -> list[int]:
    """Keys of the queue's rows that speak of these campaigns; every row is read, of which there are never many."""
    jobs = set(Job.objects.filter(campaign__in=list(campaign_ids)).values_list("pk", flat=True))
    return [row.pk for row in OrmQ.objects.all() if jobs and _job_of(row) in jobs]


def remove_queued_tasks(campaign_ids: Iterable[int]) -> int:
    """Take them off the queue; returns how many. One a worker has begun finds nothing to do."""
    return OrmQ.objects.filter(pk__in=queued_tasks(campaign_ids)).delete()[0]


def _job_of(row: OrmQ) -> int | None:
    task = row.task
    arguments = task.get("args") or (None,)
    return arguments[0] if task.get("func") in OF_A_JOB else None
