"""Is anybody still in a campaign who must not be? By the runs there were: asking it costs no look at everybody."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, Max, OuterRef, QuerySet

from campaigns.models import Campaign, CampaignStatus, DeEnrollmentLog, DeEnrollmentRun, Outcome
from campaigns_project.accounts.models import Organization
from campaigns_project.states import ProgressStatus

LATE = timedelta(minutes=5)  # from the news to the removal
OVERDUE_AFTER = timedelta(minutes=15)  # without a sweep, where somebody could be in
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Health:
    """`status` is ok, wrongly_active, overdue or sent_after. Lags are seconds, of the last 24 hours."""

    status: str
    wrongly_active: int
    last_sweep_at: datetime | None
    removed_1h: int
    removed_24h: int
    late_24h: int
    sends_after_trigger_24h: int
    lag_p50: float | None
    lag_p95: float | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def health_of(organization: Organization, *, now: datetime) -> Health:
    """That of one organization; see `healths_of`."""
    return healths_of([organization.pk], now=now)[organization.pk]


def healths_of(organizations: Collection[int], *, now: datetime) -> dict[int, Health]:
    """By organization; by what runs found and settled, in as many small queries however many there are."""
    last, wrongly = _last_sweeps(organizations), _wrongly_active(organizations)
    counts, sending = _counts(organizations, now), _where_somebody_is_in(organizations, now)

    def health(organization: int) -> Health:
        swept_at = last.get(organization)
        own = counts[organization]
        status = "ok"
        if own["sends_after_trigger_24h"]:
            status = "sent_after"
        if organization in sending and (swept_at is None or swept_at < now - OVERDUE_AFTER):
            status = "overdue"
        if wrongly.get(organization):
            status = "wrongly_active"
        return Health(status=status, wrongly_active=wrongly.get(organization, 0), last_sweep_at=swept_at, **own)

    return {organization: health(organization) for organization in organizations}


def _sweeps() -> QuerySet[DeEnrollmentRun]:
    """Of everybody, and through."""
    runs = DeEnrollmentRun.objects.living().filter(campaign=None, lead_ids=[], is_dry_run=False)
    return runs.filter(status=ProgressStatus.SUCCEEDED).order_by()


def _last_sweeps(organizations: Collection[int]) -> dict[int, datetime]:
    swept = _sweeps().filter(organization__in=organizations).values("organization").annotate(at=Max("finished_at"))
    return dict(swept.values_list("organization", "at"))


def _wrongly_active(organizations: Collection[int]) -> dict[int, int]:
    """How many a run found and left, since it failed or only looked, and no later sweep can have taken out."""
    found = DeEnrollmentLog.objects.living().filter(
        run__organization__in=organizations, run__lead_ids=[], outcome__in=[Outcome.FOUND, Outcome.WOULD_LEAVE]
    )
    later = _sweeps().filter(organization=OuterRef("run__organization"), finished_at__gte=OuterRef("run__created_at"))
    left = found.filter(~Exists(later)).order_by().values("run__organization")
    return dict(left.annotate(people=Count("recipient", distinct=True)).values_list("run__organization", "people"))


def _where_somebody_is_in(organizations: Collection[int], now: datetime) -> set[int]:
    inside = Campaign.objects.living().filter(organization__in=organizations, active_leads_count__gt=0)
    began = inside.filter(status=CampaignStatus.RUNNING, started_at__lt=now - OVERDUE_AFTER)
    return set(began.order_by().values_list("organization", flat=True).distinct())


def _counts(organizations: Collection[int], now: datetime) -> dict[int, dict[str, Any]]:
    params: dict[str, Any] = {
        "organizations": list(organizations),
        "hour": now - timedelta(hours=1),
        "day": now - DAY,
        "late": LATE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, params)
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {row.pop("organization"): row for row in rows}


# A mail whose content went out after the news: it was past the gate, or the news came to us late.
_COUNTS = """
WITH removed AS (
    SELECT run.organization_id, log.recipient_id, log.trigger_at, log.settled_at, log.reason
    FROM de_enrollment_logs log JOIN de_enrollment_runs run ON run.id = log.run_id
    WHERE run.organization_id = ANY(%(organizations)s) AND run.finished_at >= %(day)s
      AND log.outcome = 'removed' AND log.settled_at >= %(day)s AND log.reason NOT IN ('completed', 'de_enrolled')
)
SELECT asked.organization,
    count(*) FILTER (WHERE settled_at >= %(hour)s) AS removed_1h, count(settled_at) AS removed_24h,
    count(*) FILTER (WHERE settled_at - trigger_at > %(late)s) AS late_24h,
    count(*) FILTER (WHERE EXISTS (
        SELECT 1 FROM campaign_messages message
        WHERE message.recipient_id = removed.recipient_id AND message.attempted_at > removed.trigger_at
          AND message.sent_at IS NOT NULL
    )) AS sends_after_trigger_24h,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM settled_at - trigger_at)::float8) AS lag_p50,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM settled_at - trigger_at)::float8) AS lag_p95
FROM unnest(%(organizations)s::bigint[]) AS asked(organization)
LEFT JOIN removed ON removed.organization_id = asked.organization
GROUP BY asked.organization
"""
