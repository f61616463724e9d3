"""The sending window, in the campaign's own time zone and across both daylight-saving changes."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.models import Campaign
from campaigns.scheduling import leaves_at, next_opening, zone_for

PRAGUE = ZoneInfo("Europe/Prague")
WEEKDAYS = [1, 2, 3, 4, 5]


def at(*parts, zone=PRAGUE, fold=0):
    return datetime(*parts, tzinfo=zone, fold=fold).astimezone(UTC)


def campaign(start=None, end=None, days=(), *, zone="Europe/Prague", holidays=(), window_zone="campaign"):
    return Campaign(
        timezone=zone,
        window_start=start,
        window_end=end,
        sending_days=list(days),
        holidays=list(holidays),
        window_zone=window_zone,
    )


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (at(2026, 11, 20, 8, 59), at(2026, 11, 20, 9)),  # Friday, before
        (at(2026, 11, 20, 12), at(2026, 11, 20, 12)),  # Friday, open
        (at(2026, 11, 20, 17), at(2026, 11, 23, 9)),  # Friday, the end is outside: Monday
        (at(2026, 11, 21, 12), at(2026, 11, 23, 9)),  # Saturday
    ],
)
def test_mail_leaves_on_working_days_between_nine_and_five(now, opens):
    assert next_opening(campaign(time(9), time(17), WEEKDAYS), now) == opens


def test_without_a_window_it_is_always_open():
    now = at(2026, 3, 29, 2, 30)

    assert next_opening(campaign(), now) == now


def test_days_without_hours_open_at_midnight_of_the_campaigns_own_zone():
    friday_in_tokyo = campaign(days=[5], zone="Asia/Tokyo")

    assert next_opening(friday_in_tokyo, at(2026, 11, 18, 12)) == at(2026, 11, 20, zone=ZoneInfo("Asia/Tokyo"))


def test_a_start_in_the_hour_that_is_skipped_opens_when_the_gap_ends():
    night = campaign(time(2, 30), time(5))

    assert next_opening(night, at(2026, 3, 29, 0)) == at(2026, 3, 29, 3)


def test_a_window_wholly_inside_the_gap_is_closed_that_day():
    gap = campaign(time(2, 10), time(2, 50))

    assert next_opening(gap, at(2026, 3, 29, 0)) == at(2026, 3, 30, 2, 10)


def test_in_the_hour_that_comes_twice_it_opens_the_first_time():
    night = campaign(time(2, 30), time(5))

    assert next_opening(night, at(2026, 10, 25, 0)) == at(2026, 10, 25, 2, 30, fold=0)


def test_on_a_holiday_it_stays_shut():
    christmas = campaign(time(9), time(17), WEEKDAYS, holidays=[date(2026, 12, 24), date(2026, 12, 25)])

    assert next_opening(christmas, at(2026, 12, 24, 10)) == at(2026, 12, 28, 9)


def test_holidays_on_every_sending_day_of_weeks_only_put_it_off():
    mondays = [date(2026, 11, 23) + timedelta(weeks=week) for week in range(10)]

    assert next_opening(campaign(days=[1], holidays=mondays), at(2026, 11, 20, 12)) == at(2027, 2, 1)


def test_it_can_follow_the_clock_of_a_lead():
    by_lead = campaign(time(9), time(17), window_zone="lead")
    tokyo = zone_for(by_lead, "Asia/Tokyo")

    assert next_opening(by_lead, at(2026, 11, 20, 12), tokyo) == at(2026, 11, 21, 9, zone=tokyo)


@pytest.mark.parametrize("unknown", ["", "Mars/Olympus", "../etc/passwd"])
def test_a_lead_whose_zone_is_not_known_goes_by_the_campaigns(unknown):
    assert zone_for(campaign(window_zone="lead"), unknown) == PRAGUE


def test_a_campaign_on_its_own_clock_does_not_ask_for_the_leads():
    assert zone_for(campaign(), "Asia/Tokyo") == PRAGUE


def test_a_campaign_on_its_leads_clocks_is_open_while_it_is_open_somewhere():
    at_night = at(2026, 11, 20, 3)

    assert next_opening(campaign(time(9), time(17), window_zone="lead"), at_night) == at_night


def test_where_no_clock_of_the_world_shows_a_sending_day_it_opens_with_the_first_that_will():
    only_mondays = campaign(days=[1], window_zone="lead")

    opens = next_opening(only_mondays, at(2026, 11, 20, 12))

    assert opens == at(2026, 11, 23, zone=ZoneInfo("Pacific/Kiritimati"))  # where each day begins first


@given(
    now=st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: at(2026, 1, 1) + timedelta(minutes=minutes)),
    hours=st.tuples(st.integers(0, 22), st.integers(1, 23)).filter(lambda pair: pair[0] < pair[1]),
    days=st.sets(st.integers(1, 7)),
    zone=st.sampled_from(["Europe/Prague", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]),
)
def test_what_it_gives_is_open_never_past_and_stays_the_same_when_asked_again(now, hours, days, zone):
    asked = campaign(time(hours[0]), time(hours[1]), days, zone=zone)

    opens = next_opening(asked, now)

    wall = opens.astimezone(ZoneInfo(zone))
    assert now <= opens <= now + timedelta(days=8)
    assert next_opening(asked, opens) == opens
    assert not days or wall.isoweekday() in days
    assert time(hours[0]) <= wall.time() < time(hours[1])


def test_a_mail_due_at_night_leaves_in_the_morning():
    office = campaign(time(9), time(17), WEEKDAYS)
    noon, night = at(2026, 11, 20, 12), at(2026, 11, 20, 22)

    assert leaves_at(office, night, "", now=noon) == at(2026, 11, 23, 9)
    assert leaves_at(office, noon, "", now=night) == at(2026, 11, 23, 9)  # its time has passed
    assert leaves_at(office, noon, "", now=noon - timedelta(hours=1)) == noon
    assert leaves_at(office, noon, "", now=noon + timedelta(hours=1)) == noon
