"""Jobs that have not ended: each is ended once, and taken up again when its worker died."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Coalesce, Now

from campaigns.models import Job
from campaigns_project.states import ProgressStatus
from campaigns_project.workers.subjects import waiting_for


def end_job(job: Job, status: ProgressStatus, *, error_message: str = "", **fields: Any) -> bool:
    """End `job`, with `fields` set besides; False, and nothing done, when it had ended before."""
    still_open = Job.objects.filter(pk=job.pk).exclude(status__in=ProgressStatus.ended)
    ended = {"status": status, "error_message": error_message, "finished_at": Now(), "heartbeat_at": Now()}
    return bool(still_open.update(**ended, **fields))


def take_silent(jobs: QuerySet[Job], *, after: timedelta, task: str) -> list[int]:
    """Those of `jobs` that gave no sign for `after`, by the database's clock, to be queued again as `task`.

    Each is named once. Not those that wait in the queue already: while no cluster runs they are not forgotten.
    """
    silent = jobs.annotate(heard_at=Coalesce("heartbeat_at", "created_at")).filter(heard_at__lt=Now() - after)
    if silent.exists():
        silent = silent.exclude(pk__in=waiting_for(task))
    return [pk for pk in silent.values_list("pk", flat=True) if silent.filter(pk=pk).update(heartbeat_at=Now())]
