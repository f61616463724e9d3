"""Jobs that ended long ago, removed from the lists: their counts stay in the audit log and in the campaign."""

from collections import Counter
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from campaigns.models import Campaign, Job
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import Subject, record
from campaigns_project.errors import Refused
from campaigns_project.states import ProgressStatus

MOST_DAYS = 36_500
BATCH = 5_000  # jobs a transaction removes


def old_jobs(jobs: QuerySet[Job], *, days: int, now: datetime) -> QuerySet[Job]:
    """Those of `jobs` that ended more than `days` days ago, to the second. Refused for a number that is none of days.

    Succeeded, failed and canceled alone: what is queued, running or stalled may go on.
    """
    if not 0 <= days <= MOST_DAYS:
        raise Refused("bad_days", f"{days} is no number of days from 0 to {MOST_DAYS:,}.", "", {"field": "days"})
    return jobs.filter(status__in=ProgressStatus.ended, finished_at__lt=cutoff(days=days, now=now))


def cutoff(*, days: int, now: datetime) -> datetime:
    """What ended before this is old."""
    return now - timedelta(days=days)


def remove_old_jobs(
    *, jobs: QuerySet[Job], days: int, actor: Actor, now: datetime, campaign: Campaign | None = None
) -> int:
    """Delete those of `jobs` that ended more than `days` days ago; how many. Never one that has not ended.

    Each organization gets an audit row with its count; it is about `campaign` where `jobs` are of that one alone, and
    of no organization for erasures, which outlive theirs.
    """
    old, removed = old_jobs(jobs, days=days, now=now).order_by("pk"), 0
    while count := _remove_some(old, days=days, actor=actor, now=now, campaign=campaign):
        removed += count
    return removed


@transaction.atomic
def _remove_some(old: QuerySet[Job], *, days: int, actor: Actor, now: datetime, campaign: Campaign | None) -> int:
    rows = dict(old.select_for_update(of=("self",), skip_locked=True).values_list("pk", "organization")[:BATCH])
    Job.objects.filter(pk__in=rows).delete()
    for organization, count in Counter(rows.values()).items():
        subject = _subject(campaign, organization)
        record(
            action=f"{subject.type}.jobs_removed",
            entity=subject,
            organization_id=organization,
            actor=actor,
            after={"jobs": count, "days": days, "finished_before": cutoff(days=days, now=now)},
        )
    return len(rows)


def _subject(campaign: Campaign | None, organization: int | None) -> Subject:
    """Whose jobs they were; the erasure of an organization is nobody's."""
    if campaign:
        return Subject("campaign", str(campaign.pk), str(campaign))
    if organization is None:
        return Subject("job")
    return Subject("organization", str(organization), str(Organization.objects.get(pk=organization)))
