"""When days and hours begin, where the clock is changed at midnight, by half an hour, or in the zone next door."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.scheduling.clock import day_end, day_start, hour_start

ZONES = [
    "Europe/Prague", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo", "America/Havana",
    "America/Asuncion", "Asia/Beirut", "UTC",
]  # fmt: skip
MOMENTS = st.integers(0, 2 * 365 * 24 * 12).map(
    lambda five: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=5 * five)
)


def test_a_day_is_as_long_as_the_change_of_the_clock_makes_it():
    prague = ZoneInfo("Europe/Prague")
    spring, autumn = datetime(2026, 3, 29, 12, tzinfo=prague), datetime(2026, 10, 25, 12, tzinfo=prague)

    assert day_end(spring, prague) - day_start(spring, prague) == timedelta(hours=23)
    assert day_end(autumn, prague) - day_start(autumn, prague) == timedelta(hours=25)


def test_a_day_whose_midnight_is_skipped_begins_when_the_gap_ends():
    cairo = ZoneInfo("Africa/Cairo")  # on 24 Apr 2026 it is 01:00 after 23:59

    begins = day_start(datetime(2026, 4, 24, 12, tzinfo=cairo), cairo)

    assert begins.astimezone(cairo).replace(tzinfo=None) == datetime(2026, 4, 24, 1)  # noqa: DTZ001 - a wall clock


@given(moment=MOMENTS, zone=st.sampled_from(ZONES).map(ZoneInfo))
def test_every_moment_lies_in_its_day_and_days_follow_each_other(moment, zone):
    begins, ends = day_start(moment, zone), day_end(moment, zone)

    assert begins <= moment < ends
    assert day_start(ends, zone) == ends
    assert day_start(ends - timedelta(seconds=1), zone) == begins


@given(moment=MOMENTS, zone=st.sampled_from(ZONES).map(ZoneInfo))
def test_every_moment_lies_in_its_hour(moment, zone):
    begins = hour_start(moment, zone)

    assert timedelta(0) <= moment - begins < timedelta(hours=1)


@pytest.mark.parametrize(("zone", "minute"), [("UTC", 0), ("Asia/Kolkata", 30), ("Asia/Kathmandu", 15)], ids=str)
def test_the_hour_is_that_of_the_clock_on_the_wall(zone, minute):
    assert hour_start(datetime(2026, 11, 20, 12, 59, tzinfo=UTC), ZoneInfo(zone)).minute == minute
