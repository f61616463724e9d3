"""Waits that count sending days, in every time zone and across both daylight-saving changes."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.models import Campaign, Step
from campaigns.scheduling import due_after, waits_by_lead
from campaigns.scheduling.window import is_sending_day

PRAGUE = ZoneInfo("Europe/Prague")
WEEKDAYS = [1, 2, 3, 4, 5]


def at(*parts, zone=PRAGUE):
    return datetime(*parts, tzinfo=zone).astimezone(UTC)


def campaign(days=WEEKDAYS, holidays=(), counts=True, zone="Europe/Prague", window_zone="campaign"):
    return Campaign(
        timezone=zone,
        sending_days=list(days),
        holidays=list(holidays),
        counts_sending_days=counts,
        window_zone=window_zone,
    )


def wait(amount, unit="days"):
    return Step(wait_amount=amount, wait_unit=unit)


@pytest.mark.parametrize(
    ("amount", "due"),
    [
        (0, at(2026, 11, 20, 15)),
        (1, at(2026, 11, 23, 15)),  # Friday and one: Monday
        (5, at(2026, 11, 27, 15)),
        (6, at(2026, 11, 30, 15)),  # over two weekends
    ],
)
def test_a_wait_of_days_skips_days_on_which_no_mail_leaves(amount, due):
    assert due_after(wait(amount), campaign=campaign(), at=at(2026, 11, 20, 15)) == due


def test_holidays_are_no_sending_days():
    christmas = [date(2026, 12, 24), date(2026, 12, 25)]

    assert due_after(wait(1), campaign=campaign(holidays=christmas), at=at(2026, 12, 23, 9)) == at(2026, 12, 28, 9)


def test_hours_and_minutes_stay_what_they_are():
    friday = at(2026, 11, 20, 15)

    assert due_after(wait(24, "hours"), campaign=campaign(), at=friday) == friday + timedelta(hours=24)
    assert due_after(wait(30, "minutes"), campaign=campaign(), at=friday) == friday + timedelta(minutes=30)


def test_days_are_days_where_the_campaign_does_not_count_sending_days():
    friday = at(2026, 11, 20, 15)

    assert due_after(wait(1), campaign=campaign(counts=False), at=friday) == friday + timedelta(days=1)


def test_the_time_of_day_stays_across_daylight_saving_changes():
    every_day = campaign(days=[])

    assert due_after(wait(1), campaign=every_day, at=at(2026, 3, 28, 9)) == at(2026, 3, 29, 9)  # 23 hours
    assert due_after(wait(1), campaign=every_day, at=at(2026, 10, 24, 9)) == at(2026, 10, 25, 9)  # 25 hours


def test_a_time_that_the_day_skips_is_due_when_the_gap_ends():
    assert due_after(wait(1), campaign=campaign(days=[]), at=at(2026, 3, 28, 2, 30)) == at(2026, 3, 29, 3)


def test_the_days_can_be_those_of_a_lead():
    los_angeles = ZoneInfo("America/Los_Angeles")
    thursday_there = at(2026, 11, 19, 17, zone=los_angeles)  # in Prague it is Friday

    due = due_after(wait(1), campaign=campaign(), at=thursday_there, zone=los_angeles)

    assert due == at(2026, 11, 20, 17, zone=los_angeles)


def test_only_days_in_a_campaign_on_its_leads_clocks_end_at_different_times():
    by_lead = campaign(window_zone="lead")

    assert waits_by_lead(wait(1), by_lead)
    assert not waits_by_lead(wait(1, "hours"), by_lead)
    assert not waits_by_lead(wait(0), by_lead)
    assert not waits_by_lead(wait(1), campaign())


@given(
    moment=st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: at(2026, 1, 1) + timedelta(minutes=minutes)),
    amount=st.integers(1, 30),
    days=st.sets(st.integers(1, 7)),
    holidays=st.sets(st.dates(date(2026, 1, 1), date(2028, 3, 1)), max_size=10),
    zone=st.sampled_from(["Europe/Prague", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]),
)
def test_between_the_beginning_and_the_end_of_a_wait_lie_so_many_sending_days(moment, amount, days, holidays, zone):
    asked, there = campaign(days, holidays, zone=zone), ZoneInfo(zone)

    due = due_after(wait(amount), campaign=asked, at=moment)

    begun, ended = moment.astimezone(there), due.astimezone(there)
    later = [begun.date() + timedelta(days=n) for n in range(1, (ended.date() - begun.date()).days + 1)]
    assert sum(is_sending_day(asked, day) for day in later) == amount
    assert is_sending_day(asked, ended.date())
    assert ended.time() == begun.time() or _is_skipped(ended.date(), begun.time(), there)


def _is_skipped(day, clock, zone):
    wall = datetime.combine(day, time(clock.hour, clock.minute), zone)
    return wall.astimezone(UTC).astimezone(zone).time() != wall.time()
