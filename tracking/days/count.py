"""The days of one campaign by what stands in the ledger. To count twice is to write the same twice."""

import time
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction

from campaigns.locks import hold_days
from campaigns.models import Campaign, CampaignTally
from campaigns.tallies.renew import counters_of
from tracking.analytics.clock import clock_of
from tracking.locks import hold_against_deletion
from tracking.models import CampaignDay

KIND = "days"  # of the tally that says when they were counted
_NUMBERS = ", ".join(CampaignDay.NUMBERS)

# People by the day on which each of these came about, the first time; whoever has left may have one reason only.
_MOMENTS = """
    ('reached', recipient.sent_at), ('opened', recipient.opened_at), ('clicked', recipient.clicked_at),
    ('replied', recipient.replied_at), ('bounced', recipient.bounced_at),
    (CASE WHEN recipient.exit_reason IN ('failed', 'unsubscribed', 'complained') THEN recipient.exit_reason END,
     recipient.exited_at)
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A number of a day that is not what counting gives."""

    day: date
    name: str
    kept: int
    counted: int


def counted_days(which: str, *, clock: str) -> str:
    """A query for what is counted: `campaign_id`, `day` and its numbers, of the campaigns for which `which` holds.

    `clock` is an expression for the name of a time zone that the database knows, by which each `campaign` has its days.
    """
    numbers = ", ".join(
        f"coalesce(sum(number) FILTER (WHERE what = '{name}'), 0)::bigint AS {name}" for name in CampaignDay.NUMBERS
    )
    return f"""
SELECT campaign_id, day, {numbers} FROM (
    SELECT step.campaign_id, (message.sent_at AT TIME ZONE {clock})::date AS day, 'sent' AS what,
           count(*) AS number
    FROM campaigns campaign
    JOIN campaign_steps step ON step.campaign_id = campaign.id
    JOIN campaign_messages message ON message.step_id = step.id AND message.status = 'sent'
    WHERE {which} GROUP BY 1, 2
    UNION ALL
    SELECT recipient.campaign_id, (moment.at AT TIME ZONE {clock})::date, moment.what, count(*)
    FROM campaigns campaign
    JOIN campaign_recipients recipient ON recipient.campaign_id = campaign.id
    CROSS JOIN LATERAL (VALUES {_MOMENTS}) AS moment (what, at)
    WHERE {which} AND moment.what IS NOT NULL AND moment.at IS NOT NULL GROUP BY 1, 2, 3
) AS happened GROUP BY campaign_id, day
"""  # noqa: S608 - a text of our own


@transaction.atomic
def count_days(*, campaign_id: int, now: datetime) -> int:
    """Count the campaign's days and keep them; returns how many rows that changed. Of one that is gone: 0.

    Whoever counts it at the same time is waited for, so that what was seen later is kept.
    """
    hold_days(campaign_id)
    hold_against_deletion([campaign_id])
    campaign = Campaign.objects.living().filter(pk=campaign_id).first()
    if campaign is None:
        return 0
    # The counters are read before: what comes while it is counted is news once more.
    counters, began = counters_of(campaign), time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, {"campaign": campaign_id, "clock": clock_of(campaign).key})
        (changed,) = cursor.fetchone()
    kept = {"figures": _counted_by(campaign), "counters": counters, "counted_at": now}
    CampaignTally.objects.update_or_create(
        campaign=campaign, kind=KIND, defaults={**kept, "seconds": time.monotonic() - began}
    )
    return int(changed)


def is_up_to_date(*, campaign_id: int) -> bool:
    """Whether nothing is known to have happened in the campaign since its days were counted, by its present clock."""
    campaign = Campaign.objects.living().filter(pk=campaign_id).first()
    kept = CampaignTally.objects.filter(campaign=campaign_id, kind=KIND).first()
    if campaign is None or kept is None:
        return False
    return kept.counters == counters_of(campaign) and kept.figures == _counted_by(campaign)


def _counted_by(campaign: Campaign) -> dict[str, str]:
    return {"timezone": clock_of(campaign).key}


def differences(*, campaign_id: int) -> list[Difference]:
    """Where the kept days are not what counting gives now, by day and name."""
    campaign = Campaign.objects.living().filter(pk=campaign_id).first()
    if campaign is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_COMPARE, {"campaign": campaign_id, "clock": clock_of(campaign).key})
        return [Difference(*row) for row in cursor.fetchall()]


_COUNTED = counted_days("campaign.id = %(campaign)s", clock="%(clock)s")
_KEEP = f"""
WITH counted AS MATERIALIZED ({_COUNTED}), gone AS (
    DELETE FROM campaign_days kept
    WHERE kept.campaign_id = %(campaign)s AND NOT EXISTS (SELECT FROM counted WHERE counted.day = kept.day)
    RETURNING id
), written AS (
    INSERT INTO campaign_days AS kept (campaign_id, day, {_NUMBERS})
    SELECT campaign_id, day, {_NUMBERS} FROM counted
    ON CONFLICT (campaign_id, day) DO UPDATE SET ({_NUMBERS}) = ROW (excluded.{_NUMBERS.replace(", ", ", excluded.")})
    WHERE (kept.{_NUMBERS.replace(", ", ", kept.")}) IS DISTINCT FROM (excluded.{_NUMBERS.replace(", ", ", excluded.")})
    RETURNING id
)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM written)
"""  # noqa: S608 - a text of our own
_COMPARE = f"""
SELECT day, number.name, number.kept, number.counted
FROM (SELECT * FROM campaign_days WHERE campaign_id = %(campaign)s) AS kept
FULL JOIN ({_COUNTED}) AS counted USING (day)
CROSS JOIN LATERAL (VALUES
    {", ".join(f"('{name}', coalesce(kept.{name}, 0), coalesce(counted.{name}, 0))" for name in CampaignDay.NUMBERS)}
) AS number (name, kept, counted)
WHERE number.kept <> number.counted ORDER BY day, number.name
"""  # noqa: S608 - a text of our own
