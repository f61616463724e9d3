"""Is anybody still in a campaign who must not be? By the runs there were: asking it costs no look at everybody."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

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

    @property
    def is_ok(self) -> bool:
        return self.status == "ok"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def health_of(organization: Organization, *, now: datetime) -> Health:
    """By what runs found and settled; a fixed number of small queries."""
    runs = DeEnrollmentRun.objects.living().filter(organization=organization)
    sweeps = runs.filter(status=ProgressStatus.SUCCEEDED, campaign=None, lead_ids=[], is_dry_run=False)
    last = sweeps.order_by("-finished_at").values_list("finished_at", flat=True).first()
    waiting = DeEnrollmentLog.objects.living().filter(
        run__organization=organization, run__lead_ids=[], outcome__in=[Outcome.FOUND, Outcome.WOULD_LEAVE]
    )
    # Whom a run found and left, since it failed or only looked, the next sweep has taken out.
    waiting = waiting.filter(run__created_at__gt=last) if last else waiting
    wrongly = waiting.values("recipient").distinct().count()
    counts = _counts(organization, now)
    status = "ok"
    if counts["sends_after_trigger_24h"]:
        status = "sent_after"
    if _is_overdue(organization, last, now):
        status = "overdue"
    if wrongly:
        status = "wrongly_active"
    return Health(status=status, wrongly_active=wrongly, last_sweep_at=last, **counts)


def _is_overdue(organization: Organization, last: datetime | None, now: datetime) -> bool:
    inside = Campaign.objects.living().filter(organization=organization, active_leads_count__gt=0)
    began = inside.filter(status=CampaignStatus.RUNNING, started_at__lt=now - OVERDUE_AFTER)
    return (last is None or last < now - OVERDUE_AFTER) and began.exists()


def _counts(organization: Organization, now: datetime) -> dict[str, Any]:
    params: dict[str, Any] = {
        "organization": organization.pk,
        "hour": now - timedelta(hours=1),
        "day": now - DAY,
        "late": LATE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, params)
        names = [column.name for column in cursor.description]
        return dict(zip(names, cursor.fetchone(), strict=True))


# A mail whose content went out after the news: it was past the gate, or the news came to us late.
_COUNTS = """
WITH removed AS (
    SELECT log.recipient_id, log.trigger_at, log.settled_at, log.reason FROM de_enrollment_logs log
    JOIN de_enrollment_runs run ON run.id = log.run_id
    WHERE run.organization_id = %(organization)s AND run.finished_at >= %(day)s
      AND log.outcome = 'removed' AND log.settled_at >= %(day)s AND log.reason NOT IN ('completed', 'de_enrolled')
)
SELECT count(*) FILTER (WHERE settled_at >= %(hour)s) AS removed_1h, count(*) AS removed_24h,
    count(*) FILTER (WHERE settled_at - trigger_at > %(late)s) AS late_24h,
    count(*) FILTER (WHERE EXISTS (
        SELECT 1 FROM campaign_messages message
        WHERE message.recipient_id = removed.recipient_id AND message.attempted_at > removed.trigger_at
          AND message.sent_at IS NOT NULL
    )) AS sends_after_trigger_24h,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM settled_at - trigger_at)::float8) AS lag_p50,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM settled_at - trigger_at)::float8) AS lag_p95
FROM removed
"""
