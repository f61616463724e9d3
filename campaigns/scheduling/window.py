"""The weekly sending window of a campaign, in its own time zone, across daylight-saving changes."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from campaigns.models import Campaign

MIDNIGHT = time(0)


def next_opening(campaign: Campaign, now: datetime) -> datetime:
    """The first moment from `now` on at which mail of `campaign` may leave; `now` itself while the window is open.

    A window without days opens every day, one without hours is open all day. A start in the hour that daylight saving
    skips opens at the first valid moment after it; one in the hour that comes twice opens the first time.
    """
    zone = ZoneInfo(campaign.timezone)
    today = now.astimezone(zone).date()
    for offset in range(9):  # a week and its edges
        opens, closes = _on(campaign, today + timedelta(days=offset), zone)
        if opens is not None and closes > max(now, opens):  # one wholly inside a skipped hour has no length
            return max(now, opens)
    return now


def _on(campaign: Campaign, day: date, zone: ZoneInfo) -> tuple[datetime | None, datetime]:
    if campaign.sending_days and day.isoweekday() not in campaign.sending_days:
        return None, datetime.max.replace(tzinfo=UTC)
    start = campaign.window_start or MIDNIGHT
    end_day, end = (day, campaign.window_end) if campaign.window_end else (day + timedelta(days=1), MIDNIGHT)
    return _moment(day, start, zone), _moment(end_day, end, zone)


def _moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The instant at which the wall clock shows `clock`; where it never does, the first one it shows after that."""
    wall = datetime.combine(day, clock, zone)
    while _is_skipped(wall):
        wall += timedelta(minutes=1)
    return wall.astimezone(UTC)


def _is_skipped(wall: datetime) -> bool:
    return wall.astimezone(UTC).astimezone(wall.tzinfo).replace(tzinfo=None) != wall.replace(tzinfo=None)
