"""Blackout days of an organization: entered in its calendar, they hold wherever mail is planned, and in the gate."""

from datetime import UTC, date, datetime, timedelta
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from campaigns.models import CalendarItem, Campaign, Recipient
from campaigns.scheduling import due_after, next_opening
from campaigns.sending.claim import Wordings, claim
from campaigns.sending.gate import Candidate, gate
from campaigns.sending.work import able_senders, due_campaigns, send_chunk
from campaigns.tests.factories import NOON, CalendarItemFactory, OrganizationFactory
from campaigns.tests.sending.sending import Road, started_campaign
from campaigns.why import why_campaign
from campaigns_project.accounts.models import Organization
from leads.models import Lead

pytestmark = pytest.mark.django_db
PRAGUE, TOKYO = ZoneInfo("Europe/Prague"), ZoneInfo("Asia/Tokyo")


def at(*parts, zone=PRAGUE):
    return datetime(*parts, tzinfo=zone).astimezone(UTC)


def blackout(organization, first, last=None):
    return CalendarItemFactory(organization=organization, blackout=True, starts_on=first, ends_on=last or first)


def days_of(organization):
    return Organization.objects.get(pk=organization.pk).blackout_days


def look(moment, road=None):
    """How many mails leave at `moment`."""
    road = road or Road()
    with patch("django.utils.timezone.now", return_value=moment):
        for campaign in due_campaigns(now=moment):
            send_chunk(campaign, connections=road)
    return len(road.backend.mails)


def test_an_organization_knows_the_days_of_its_calendar_whatever_way_they_come_and_go():
    here, there = OrganizationFactory(), OrganizationFactory()
    item = blackout(here, date(2026, 12, 24), date(2026, 12, 26))
    blackout(here, date(2026, 12, 26))
    CalendarItemFactory(organization=here, kind="deadline", starts_on=date(2026, 12, 1))
    entered = days_of(here)
    CalendarItem.objects.filter(pk=item.pk).update(ends_on=date(2026, 12, 24))
    changed = days_of(here)
    CalendarItem.objects.filter(pk=item.pk).update(kind="note")
    no_more = days_of(here)
    CalendarItem.objects.filter(kind="blackout").update(organization=there)
    moved = days_of(here), days_of(there)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM calendar_items")

    assert entered == [date(2026, 12, day) for day in (24, 25, 26)]
    assert changed == [date(2026, 12, 24), date(2026, 12, 26)]
    assert no_more == [date(2026, 12, 26)]
    assert moved == ([], [date(2026, 12, 26)])
    assert days_of(here) == days_of(there) == []


def test_an_organization_with_blackout_days_can_be_deleted():
    organization = OrganizationFactory()
    blackout(organization, date(2026, 12, 24))

    organization.delete()

    assert not CalendarItem.objects.exists()


def test_nothing_leaves_on_a_blackout_day_and_the_day_after_it_does():
    campaign = started_campaign(people=1, now=at(2026, 12, 23, 9), timezone="Europe/Prague")
    blackout(campaign.organization, date(2026, 12, 24), date(2026, 12, 25))

    left = [day for day in (24, 25, 26) if look(at(2026, 12, day, 10))]

    assert left == [26]


def test_another_organizations_blackout_days_hold_nothing_back():
    started_campaign(people=1, now=at(2026, 12, 23, 9))
    blackout(OrganizationFactory(), date(2026, 12, 24))

    assert look(at(2026, 12, 24, 10)) == 1


def test_whose_window_follows_their_clock_is_spared_on_their_own_day():
    now = at(2026, 12, 24, 20, zone=UTC)  # the 25th in Tokyo
    campaign = started_campaign(people=1, now=now - timedelta(days=1), window_zone="lead", timezone="Europe/Prague")
    Lead.objects.update(timezone="Asia/Tokyo")
    blackout(campaign.organization, date(2026, 12, 25))

    assert look(now) == 0
    assert Recipient.objects.get().next_send_at == at(2026, 12, 26, zone=TOKYO)


def test_the_gate_itself_says_no_to_what_was_claimed_before_the_day_was_entered():
    now = timezone.now()
    campaign = started_campaign(people=1, now=now)
    senders = list(able_senders(campaign, now=now).values())
    [claimed] = claim(campaign=campaign, wordings=Wordings.of(campaign), senders=senders, limit=1, now=now)
    candidate = Candidate(claimed, address="", version=1, merge_values={}, zone=PRAGUE)
    item = blackout(campaign.organization, now.astimezone(PRAGUE).date())

    refused = gate([candidate])
    item.delete()

    assert refused == {claimed.message: "blackout_day"}
    assert gate([candidate]) == {claimed.message: ""}


def test_the_campaign_says_why_and_when_it_goes_on():
    now = at(2026, 12, 24, 10)
    campaign = started_campaign(people=1, now=now - timedelta(days=1), timezone="Europe/Prague")
    blackout(campaign.organization, date(2026, 12, 24))

    standing = why_campaign(Campaign.objects.get(), now=now)

    gate_of_window = next(one for one in standing.gates if one.code == "window")
    assert (gate_of_window.why, gate_of_window.until) == ("blackout_day", at(2026, 12, 25))
    assert "blackout day of the organization" in gate_of_window.sentence


def test_waits_that_count_sending_days_pass_them_over():
    campaign = started_campaign(people=1, steps=2, now=NOON, timezone="Europe/Prague", counts_sending_days=True)
    step = campaign.steps.get(position=2)
    step.wait_amount, step.wait_unit = 1, "days"
    blackout(campaign.organization, date(2026, 12, 24))

    assert due_after(step, campaign=Campaign.objects.get(), at=at(2026, 12, 23, 9)) == at(2026, 12, 25, 9)


@given(
    shut=st.sets(st.dates(date(2026, 3, 20), date(2026, 4, 20)), max_size=20),
    holidays=st.sets(st.dates(date(2026, 3, 20), date(2026, 4, 20)), max_size=8),
    days=st.sets(st.integers(1, 7), max_size=3),
    hours=st.integers(0, 31 * 24),
)
def test_the_first_opening_is_never_on_such_a_day_and_nothing_open_is_passed_over(shut, holidays, days, hours):
    zone, now = PRAGUE, at(2026, 3, 20) + timedelta(hours=hours)
    organization = Organization(pk=1, blackout_days=sorted(shut))
    asked = Campaign(organization=organization, timezone=zone.key, holidays=sorted(holidays), sending_days=sorted(days))

    opens = next_opening(asked, now, zone)

    first, open_on = now.astimezone(zone).date(), opens.astimezone(zone).date()
    passed = [first + timedelta(days=day) for day in range((open_on - first).days)]
    closed = [day in shut or day in holidays or (bool(days) and day.isoweekday() not in days) for day in passed]
    assert open_on not in shut | holidays
    assert all(closed)
