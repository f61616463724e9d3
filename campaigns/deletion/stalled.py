"""Deletions nobody works on any more: a killed worker leaves no word, a broken one does."""

from datetime import timedelta

from django.db.models import QuerySet
from django.db.models.functions import Now

from campaigns.models import Job, JobKind
from campaigns.open_jobs import take_silent
from campaigns.task_names import DELETE
from campaigns_project.states import ProgressStatus

STALE_AFTER = timedelta(minutes=2)  # a batch takes a fraction of a second; whose worker was silent for longer is dead


def take_stalled_deletions() -> list[int]:
    """Deletions and erasures without a worker, by the database's clock, to be queued again; each is named once."""
    return take_silent(_open(), after=STALE_AFTER, task=DELETE)


def note_failure(*, job_id: int, message: str) -> None:
    """Say on the job why it stands still; it is tried again after a while, until it comes to its end."""
    _open().filter(pk=job_id).update(status=ProgressStatus.STALLED, error_message=message, heartbeat_at=Now())


def _open() -> QuerySet[Job]:
    return Job.objects.filter(kind__in=JobKind.deleting).exclude(status__in=ProgressStatus.ended)
