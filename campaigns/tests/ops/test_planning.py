"""What is expected on which day, how a plan stands, and what the calendar shows of it."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.models import Campaign, CampaignPlan, Recipient, Sender
from campaigns.ops import forecast as forecasting
from campaigns.ops.calendar import EntryKind, calendar
from campaigns.ops.forecast import due_campaigns_of, forecast
from campaigns.ops.plans import standing
from campaigns.tests.factories import (
    CalendarItemFactory,
    CampaignFactory,
    CampaignPlanFactory,
    OperatorTaskFactory,
    OrganizationFactory,
)
from campaigns.tests.sending.sending import started_campaign
from campaigns_project.errors import Refused

pytestmark = pytest.mark.django_db
PRAGUE = ZoneInfo("Europe/Prague")
MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
WEEK = {"first": date(2026, 11, 23), "last": date(2026, 11, 29)}


def sending(people=3, steps=2, wait=2, **fields):
    """A running campaign whose follow-ups come `wait` days after the mail before."""
    campaign = started_campaign(people=people, steps=steps, now=MONDAY, timezone="Europe/Prague", **fields)
    campaign.steps.filter(position__gt=1).update(wait_amount=wait, wait_unit="days")
    Recipient.objects.filter(campaign=campaign).update(next_send_at=MONDAY)
    return Campaign.objects.select_related("organization").get(pk=campaign.pk)


def expected(*campaigns, **asked):
    return forecast(list(campaigns), zone=PRAGUE, now=MONDAY, **{**WEEK, **asked})


def test_every_step_that_is_to_come_is_expected_on_its_day():
    found = expected(sending(steps=3))

    assert dict(found.by_day) == {date(2026, 11, 23): 3, date(2026, 11, 25): 3, date(2026, 11, 27): 3}
    assert not found.is_partial


def test_what_was_due_before_is_expected_today_and_what_comes_later_is_not_in_it():
    campaign = sending(people=2, steps=1)
    first, second = Recipient.objects.order_by("pk")
    Recipient.objects.filter(pk=first.pk).update(next_send_at=MONDAY - timedelta(days=9))
    Recipient.objects.filter(pk=second.pk).update(next_send_at=MONDAY + timedelta(days=9))

    assert dict(expected(campaign).by_day) == {date(2026, 11, 23): 1}


def test_blackout_days_and_holidays_put_it_off_as_they_do_for_the_mail_itself():
    campaign = sending(steps=2, holidays=[date(2026, 11, 26)])
    CalendarItemFactory(organization=campaign.organization, blackout=True, starts_on=date(2026, 11, 25))

    again = Campaign.objects.select_related("organization").get(pk=campaign.pk)
    assert dict(expected(again).by_day) == {date(2026, 11, 23): 3, date(2026, 11, 27): 3}


def test_no_more_than_so_many_are_counted_and_it_says_so(monkeypatch):
    monkeypatch.setattr(forecasting, "MOST_EACH", 2)

    assert expected(sending(people=4, steps=1)).is_partial


def test_a_forecast_costs_two_queries_however_many_campaigns(django_assert_num_queries):
    campaigns = [sending(people=2) for _ in range(3)]

    with django_assert_num_queries(2):
        expected(*campaigns)


def test_drafts_and_campaigns_that_are_over_are_not_expected():
    CampaignFactory()
    running = sending()
    Campaign.objects.filter(pk=running.pk).update(status="stopped")

    assert due_campaigns_of(Campaign.objects.all(), now=MONDAY) == []


def in_plan(plan=None, **fields):
    plan = plan or CampaignPlanFactory(target_metric="replies", target_value=40, budgeted_touches=100)
    campaign = sending(organization=plan.organization, **fields)
    Campaign.objects.filter(pk=campaign.pk).update(plan=plan)
    return plan, campaign


def stands(plan):
    return standing(CampaignPlan.objects.select_related("organization").get(pk=plan.pk), now=MONDAY)


def test_a_plan_adds_up_what_its_campaigns_brought():
    plan, campaign = in_plan()
    _, other = in_plan(plan)
    Campaign.objects.filter(pk=campaign.pk).update(emails_replied=7, emails_sent=50)
    Campaign.objects.filter(pk=other.pk).update(emails_replied=4, emails_sent=30)

    found = stands(plan)

    assert (found.actual, found.target, found.touches, found.budget) == (11, 40, 80, 100)
    assert [strip.starts_on for strip in found.strips] == [date(2026, 11, 23)] * 2


def test_a_week_that_needs_more_than_the_senders_allow_is_named():
    plan, campaign = in_plan(people=9, steps=2)
    Sender.objects.filter(campaign_senders__campaign=campaign).update(daily_limit=2)

    [conflict] = stands(plan).conflicts

    # The week has seven days left, of two mails each.
    assert conflict.sentence == "Week 48 needs 18 mails, senders allow 14."


def test_a_blackout_day_takes_room_away():
    plan, campaign = in_plan(people=7, steps=2)
    Sender.objects.filter(campaign_senders__campaign=campaign).update(daily_limit=2)
    before = stands(plan).conflicts
    CalendarItemFactory(organization=plan.organization, blackout=True, starts_on=date(2026, 11, 28))

    assert before == []
    assert [conflict.allowed for conflict in stands(plan).conflicts] == [12]


def test_without_a_limit_there_is_no_conflict():
    plan, _ = in_plan(people=9)

    assert stands(plan).conflicts == []


def test_a_campaign_that_is_deleted_leaves_its_plan():
    plan, campaign = in_plan()
    Campaign.objects.get(pk=campaign.pk).delete()

    assert (stands(plan).actual, stands(plan).strips) == (0, [])


def read(organization, **asked):
    return calendar(organization, now=MONDAY, **{**WEEK, **asked})


@pytest.fixture
def full():
    """An organization with something of every kind in the week."""
    plan, campaign = in_plan(steps=1)
    organization = plan.organization
    Campaign.objects.filter(pk=campaign.pk).update(completed_at=MONDAY + timedelta(hours=1))
    OperatorTaskFactory(organization=organization, title="Call", due_at=MONDAY)
    for kind in ("note", "deadline", "blackout"):
        CalendarItemFactory(organization=organization, kind=kind, title=kind, starts_on=date(2026, 11, 28))
    return organization


def test_the_calendar_has_every_kind_in_the_order_of_the_days(full):
    found = read(full).entries

    assert {entry.kind for entry in found} == set(EntryKind)
    assert [entry.date for entry in found] == sorted(entry.date for entry in found)


@pytest.mark.parametrize("kind", EntryKind)
def test_only_what_is_asked_for_is_shown(full, kind):
    assert {entry.kind for entry in read(full, kinds=[kind]).entries} == {kind}


def test_another_organization_sees_none_of_it(full):
    assert read(OrganizationFactory()).entries == []


def test_days_begin_by_the_organizations_clock():
    organization = OrganizationFactory(timezone="Asia/Tokyo")
    OperatorTaskFactory(organization=organization, due_at=datetime(2026, 11, 29, 15, tzinfo=UTC))  # the 30th there
    OperatorTaskFactory(organization=organization, due_at=datetime(2026, 11, 22, 15, tzinfo=UTC))

    assert [entry.date for entry in read(organization).entries] == [date(2026, 11, 23)]


@pytest.mark.parametrize(
    ("last", "code"), [(date(2026, 11, 1), "ends_before_it_starts"), (date(2029, 1, 1), "time_too_long")]
)
def test_a_time_that_makes_no_sense_is_refused(last, code):
    with pytest.raises(Refused) as refused:
        read(OrganizationFactory(), last=last)

    assert refused.value.code == code
