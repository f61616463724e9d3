"""The last two weeks of all campaigns together: for the API, and for the first page."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import Campaign, Sender
from campaigns.tests.factories import (
    CampaignDayFactory,
    CampaignFactory,
    OrganizationFactory,
    SenderFactory,
    SenderUsageFactory,
    SuppressionFactory,
)
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.rest.clients import key_client
from leads.models import Suppression
from tracking.analytics import overview
from tracking.analytics.overview import capacity, new_suppressions, recent
from tracking.models import CampaignDay

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TODAY = NOON.date()
DAY = timedelta(days=1)


def look(*, now=NOON, today=TODAY):
    return recent(CampaignDay.objects.all(), today=today, now=now)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def test_all_campaigns_are_added_up_by_day_and_by_week():
    for campaign in (CampaignFactory(), CampaignFactory()):
        CampaignDayFactory(campaign=campaign, day=ago(0), sent=100, bounced=2, replied=5)
        CampaignDayFactory(campaign=campaign, day=ago(6), sent=50)
        CampaignDayFactory(campaign=campaign, day=ago(7), sent=30, replied=3)
        CampaignDayFactory(campaign=campaign, day=ago(14), sent=1_000)

    found = look()

    assert [(day["date"], day["sent"]) for day in found.days if day["sent"]] == [
        (ago(7), 60),
        (ago(6), 100),
        (ago(0), 200),
    ]
    assert (len(found.days), found.today.numbers["sent"]) == (14, 200)
    assert found.week.replied == {"count": 10, "of": 296, "rate": 0.033784}
    assert found.week.bounced == {"count": 4, "of": 300, "rate": 0.013333}
    assert (found.week.is_early, found.week_before.is_early) == (False, True)


@pytest.mark.parametrize(
    ("now", "there"),
    [
        (datetime(2026, 11, 20, 12, 0, tzinfo=UTC), date(2026, 11, 21)),  # tomorrow by our own clock
        (datetime(2026, 11, 20, 9, 0, tzinfo=UTC), date(2026, 11, 20)),
    ],
)
def test_today_is_what_is_today_where_the_campaign_is(now, there):
    campaign = CampaignFactory(timezone="Pacific/Kiritimati")  # 14 hours ahead
    CampaignDayFactory(campaign=campaign, day=there, sent=7)
    CampaignDayFactory(campaign=campaign, day=there - timedelta(days=1), sent=5)

    found = look(now=now)

    assert [day["sent"] for day in found.days[-2:]] == [5, 7]


def test_without_anything_there_are_no_rates():
    found = look()

    assert found.week.replied == {"count": 0, "of": 0, "rate": None}
    assert {day["sent"] for day in found.days} == {0}


def test_more_bounces_than_mails_in_a_week_are_no_negative_delivery():
    CampaignDayFactory(day=ago(0), sent=1, bounced=3)  # of mails sent the week before

    assert look().week.delivered == 0


def test_capacity_is_what_limits_of_senders_in_use_allow_today():
    organization, now = OrganizationFactory(), timezone.now()
    began = now.replace(hour=0, minute=0, second=0, microsecond=0)
    limited = SenderFactory(organization=organization, daily_limit=400)
    SenderFactory(
        organization=organization, daily_limit=900, ramp_start=50, ramp_increase=10, ramp_started_on=began - 3 * DAY
    )
    SenderFactory(organization=organization)
    SenderFactory(organization=organization, status="paused", daily_limit=999)
    SenderUsageFactory(sender=limited, scope="day", starts_at=began, used=33)

    found = capacity(Sender.objects.all(), now=now)

    assert (found.used, found.limit, found.senders, found.unlimited) == (33, 480, 3, 1)


def test_suppressions_are_counted_up_to_a_most(monkeypatch):
    monkeypatch.setattr(overview, "COUNTED_UP_TO", 2)
    for days in (0, 1, 6, 8):
        Suppression.objects.filter(pk=SuppressionFactory().pk).update(created_at=NOON - days * DAY)

    found = new_suppressions(Suppression.objects.all(), now=NOON)

    assert (found.number, found.is_more) == (2, True)


def test_the_api_tells_it_of_ones_own_organization():
    client = key_client(Role.VIEWER)
    today = timezone.now().date()
    CampaignDayFactory(campaign__organization=client.organization, day=today, sent=120, replied=6)
    CampaignDayFactory(day=today, sent=999)
    leaving = CampaignFactory(organization=client.organization)
    CampaignDayFactory(campaign=leaving, day=today, sent=999)
    Campaign.objects.filter(pk=leaving.pk).update(deleting_at=timezone.now())

    told = client.get("/api/v1/analytics/overview").json()

    assert told["today"]["numbers"]["sent"] == 120
    assert told["last_7_days"]["replied"] == {"count": 6, "of": 120, "rate": 0.05}
    assert (told["seven_days_before"]["delivered"], len(told["days"])) == (0, 14)
    assert told["days"][-1]["replied"] == 6
    assert told["capacity"] == {"used": 0, "limit": 0, "senders": 0, "unlimited": 0}
    assert told["new_suppressions"] == {"number": 0, "is_more": False}


def test_it_costs_as_many_queries_however_much_there_is():
    client = key_client(Role.VIEWER)

    def asked(rows: int) -> int:
        for _ in range(rows):
            SenderFactory(organization=client.organization, daily_limit=5)
            CampaignDayFactory(campaign__organization=client.organization, day=timezone.now().date())
        with CaptureQueriesContext(connection) as queries:
            client.get("/api/v1/analytics/overview")
        return len(queries)

    assert asked(1) == asked(2)
