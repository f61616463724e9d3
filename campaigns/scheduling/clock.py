"""Moments of the wall clock, across daylight-saving changes. What comes in is aware, what goes out is UTC."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MIDNIGHT = time(0)


def moment_of(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The instant at which the wall clock shows `clock`; where it never does, the first one it shows after that.

    A time that comes twice is meant the first time.
    """
    wall = datetime.combine(day, clock, zone)
    while _is_skipped(wall):
        wall += timedelta(minutes=1)
    return wall.astimezone(UTC)


def day_start(at: datetime, zone: ZoneInfo) -> datetime:
    """When the day of `at` began in `zone`."""
    return moment_of(at.astimezone(zone).date(), MIDNIGHT, zone)


def day_end(at: datetime, zone: ZoneInfo) -> datetime:
    """When the day after that of `at` begins in `zone`."""
    return moment_of(at.astimezone(zone).date() + timedelta(days=1), MIDNIGHT, zone)


def hour_start(at: datetime, zone: ZoneInfo) -> datetime:
    """When the clock of `zone` last showed a full hour before `at`, or would have but for a change of the clock."""
    wall = at.astimezone(zone)
    return at.astimezone(UTC) - timedelta(minutes=wall.minute, seconds=wall.second, microseconds=wall.microsecond)


def _is_skipped(wall: datetime) -> bool:
    return wall.astimezone(UTC).astimezone(wall.tzinfo).replace(tzinfo=None) != wall.replace(tzinfo=None)
