"""When the wait of a step ends: after so much time, or after so many days on which mail may leave."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.models import Campaign, Step, WaitUnit, WindowZone
from campaigns.scheduling.clock import moment_of
from campaigns.scheduling.window import is_sending_day
from campaigns_project.accounts.timezones import zone_of

FOR_EVER = 36_500  # sending days: a hundred years at least; a longer wait would only run out of dates


def due_after(step: Step, *, campaign: Campaign, at: datetime, zone: ZoneInfo | None = None) -> datetime:
    """When `step` is due if its wait begins `at`.

    In a campaign whose waits count sending days, a wait of n days ends on the n-th later day on which mail may leave,
    at the same time of day in `zone` (by default the campaign's); hours and minutes are always hours and minutes.
    """
    if not (campaign.counts_sending_days and step.wait_unit == WaitUnit.DAYS and step.wait_amount):
        return at + step.wait
    zone = zone or zone_of(campaign.timezone)
    wall = at.astimezone(zone)
    day, left = wall.date(), min(step.wait_amount, FOR_EVER)
    while left:
        day += timedelta(days=1)
        left -= is_sending_day(campaign, day)
    return moment_of(day, wall.time().replace(fold=0), zone)


def waits_by_lead(step: Step, campaign: Campaign) -> bool:
    """Whether the wait ends at different times for leads in different time zones."""
    counts_days = campaign.counts_sending_days and step.wait_unit == WaitUnit.DAYS and step.wait_amount
    return bool(counts_days) and campaign.window_zone == WindowZone.LEAD
