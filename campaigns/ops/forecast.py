"""What mail is to be expected on which day: every recipient who waits, this step and all that follow.

An upper bound, since nobody is thought to reply or leave; limits are not asked. Windows, holidays and blackout days
are: by the same rule by which mail leaves.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from campaigns.models import Campaign, CampaignStatus, Step
from campaigns.scheduling import due_after, next_opening
from campaigns.scheduling.clock import MIDNIGHT, moment_of
from campaigns_project.accounts.timezones import zone_of

MOST_CAMPAIGNS = 50  # the most urgent ones; a page is not to wait for more
MOST_EACH = 20_000  # recipients of each, the longest due first: some 10 ms by the index
EXPECTED = (CampaignStatus.RUNNING, CampaignStatus.SCHEDULED)


@dataclass
class Forecast:
    """Mails by campaign and day. `is_partial` where more is to come than was looked at."""

    by_campaign: dict[int, Counter[date]] = field(default_factory=dict)
    is_partial: bool = False

    @property
    def by_day(self) -> Counter[date]:
        """Of all campaigns together."""
        return sum(self.by_campaign.values(), Counter())


def forecast(campaigns: Sequence[Campaign], *, first: date, last: date, zone: ZoneInfo, now: datetime) -> Forecast:
    """Mails of `campaigns` (read with their organization) from day to day of `zone`. Two queries, however many wait."""
    found = Forecast(is_partial=len(campaigns) > MOST_CAMPAIGNS)
    by_id = {campaign.pk: campaign for campaign in campaigns[:MOST_CAMPAIGNS]}
    if not by_id:
        return found
    steps: dict[int, list[Step]] = {pk: [] for pk in by_id}
    for step in Step.objects.filter(campaign__in=by_id).order_by("position"):
        steps[step.campaign_id].append(step)
    seen: Counter[int] = Counter()
    for pk, step_id, number, due in _waiting(list(by_id), last, zone, now):
        seen[pk] += number
        following = _from(step_id, steps[pk])
        counted = found.by_campaign.setdefault(pk, Counter())
        for day in _days(by_id[pk], following, max(due, now), last, zone):
            if day >= first:
                counted[day] += number
    found.is_partial = found.is_partial or any(number > MOST_EACH for number in seen.values())
    return found


def due_campaigns_of(campaigns: Any, *, now: datetime) -> list[Campaign]:
    """Those of a queryset whose mail is to be expected, the most urgent first; one more than are looked at."""
    waiting = campaigns.filter(status__in=EXPECTED).select_related("organization")
    return list(waiting.order_by("-priority", "pk")[: MOST_CAMPAIGNS + 1])


def _from(step_id: int, steps: Sequence[Step]) -> Sequence[Step]:
    """That step and all after it; none where it is gone."""
    places = [place for place, step in enumerate(steps) if step.pk == step_id]
    return steps[places[0] :] if places else []


def _days(campaign: Campaign, steps: Sequence[Step], due: datetime, last: date, zone: ZoneInfo) -> Iterator[date]:
    """On which day each of `steps` leaves, the first of which is due at `due`; up to `last`."""
    if not steps:
        return
    # One that follows its leads' clocks is judged by its own here: a day is near enough.
    own = zone_of(campaign.timezone)
    leaves = next_opening(campaign, due, own)
    for following in [*steps[1:], None]:
        day = leaves.astimezone(zone).date()
        if day > last:
            return
        yield day
        if following is not None:
            leaves = next_opening(campaign, due_after(following, campaign=campaign, at=leaves, zone=own), own)


def _waiting(campaigns: list[int], last: date, zone: ZoneInfo, now: datetime) -> list[tuple[int, int, int, datetime]]:
    """Campaign, next step, how many wait for it until the end of `last`, and when the first of them is due; by day.

    Where days begin is told from here: the database may not know a zone's name.
    """
    today = now.astimezone(zone).date()
    ends = moment_of(last + timedelta(days=1), MIDNIGHT, zone)
    if ends <= now:
        return []
    days = [moment_of(today + timedelta(days=offset), MIDNIGHT, zone) for offset in range((last - today).days + 1)]
    with connection.cursor() as cursor:
        wanted: dict[str, Any] = {"campaigns": campaigns, "ends": ends, "days": days, "most": MOST_EACH + 1}
        cursor.execute(_WAITING, wanted)
        return cursor.fetchall()


_WAITING = """
SELECT campaign.id, waiting.next_step_id, count(*), min(waiting.next_send_at)
FROM unnest(%(campaigns)s::bigint[]) AS campaign(id)
CROSS JOIN LATERAL (
    SELECT recipient.next_step_id, recipient.next_send_at FROM campaign_recipients recipient
    WHERE recipient.campaign_id = campaign.id AND recipient.status IN ('pending', 'sent')
        AND recipient.next_send_at < %(ends)s
    ORDER BY recipient.next_send_at, recipient.id LIMIT %(most)s
) waiting
WHERE waiting.next_step_id IS NOT NULL
GROUP BY campaign.id, waiting.next_step_id, width_bucket(waiting.next_send_at, %(days)s::timestamptz[])
"""
