"""Whom runs took out in the last days, by day and reason."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import connection


def removed_by_day(
    organizations: Collection[int], *, since: datetime, zone: ZoneInfo
) -> Mapping[date, Mapping[str, int]]:
    """How many people runs of these organizations took out, by exit reason, on each day of `zone`. One query."""
    found: dict[date, dict[str, int]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(_BY_DAY, {"organizations": list(organizations), "since": since, "zone": zone.key})
        for day, reason, people in cursor.fetchall():
            found[day][reason] = people
    return found


# Of each campaign that is being deleted nothing is counted any more, as on all other pages.
_BY_DAY = """
SELECT (run.finished_at AT TIME ZONE %(zone)s)::date AS day, left_for.reason, sum(left_for.people::bigint)::bigint
FROM de_enrollment_runs run CROSS JOIN LATERAL jsonb_each_text(run.by_reason) AS left_for(reason, people)
LEFT JOIN campaigns campaign ON campaign.id = run.campaign_id
WHERE run.organization_id = ANY(%(organizations)s) AND run.finished_at >= %(since)s AND run.removed > 0
  AND NOT run.is_dry_run AND campaign.deleting_at IS NULL
GROUP BY day, left_for.reason
"""
