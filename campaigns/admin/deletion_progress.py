"""How far a deletion is, and what came of it: the page of its job."""

from typing import Any

from django.urls import reverse

from campaigns.admin.deletion_words import counted
from campaigns.models import Job, JobKind
from campaigns_project.accounts.admin.live import Pulse, version_of
from campaigns_project.accounts.templatetags.fairlead import seconds
from campaigns_project.states import ProgressStatus

EVERY = 2  # seconds between two questions while it is under way
# What the subject of a deletion is called, and the list to go back to.
_SUBJECTS = {
    JobKind.DELETE: ("campaign", "admin:campaigns_campaign_changelist"),
    JobKind.ERASE: ("organization", "admin:accounts_organization_changelist"),
}


def version(job: Job) -> str:
    """Differs whenever the moving part may read differently."""
    return version_of(job.status, job.done, job.total, job.failed, job.error_message)


def progress_context(job: Job) -> dict[str, Any]:
    """The moving part, from the job's own row."""
    is_over = job.status in ProgressStatus.ended
    noun, back = _SUBJECTS[JobKind(job.kind)]
    return {
        "job": job,
        "noun": noun,
        "sentence": sentence(job),
        "removed": counted(job.result.get("removed", {})),
        "failures": job.result.get("failures", []),
        "tombstone_url": _tombstone_url(job),
        "back_url": reverse(back),
        "pulse": Pulse(version(job), None if is_over else EVERY),
    }


def sentence(job: Job) -> str:
    """How far it is, or what came of it, in one sentence."""
    name = f"“{job.result.get('subject', {}).get('name', '')}”"
    records = f"{job.done:,} record{'' if job.done == 1 else 's'}"
    if job.status == ProgressStatus.SUCCEEDED:
        checked = "but not all: see below" if job.failed else "verification passed, no row of it is left"
        return f"Deleted {records} of {name} in {_took(job)}; {checked}."
    if job.status in ProgressStatus.ended:
        return f"The deletion of {name} ended after {records}: {job.error_message or job.get_status_display().lower()}"
    if job.status == ProgressStatus.QUEUED:
        return f"{name} shows nowhere any more. A worker begins with its {job.total or 0:,} records in a moment."
    reached = f"{job.done:,} of {job.total or 0:,} records"
    if job.status == ProgressStatus.STALLED:
        return f"The deletion of {name} stands still after {reached}, and is tried again by itself within minutes."
    return f"Deleting {name}: {reached}."


def _took(job: Job) -> str:
    began, ended = job.started_at or job.created_at, job.finished_at or job.created_at
    took = (ended - began).total_seconds()
    return seconds(took) if took >= 1 else "less than a second"


def _tombstone_url(job: Job) -> str:
    """The record of a campaign that is gone."""
    is_gone = job.kind == JobKind.DELETE and job.status == ProgressStatus.SUCCEEDED
    return reverse("admin:campaigns_campaigntombstone_change", args=[job.subject_ref]) if is_gone else ""
