"""The page of a plan: what its campaigns brought from day to day, beside a steady pace."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from campaigns.models import CampaignPlan
from campaigns.tests.factories import CampaignFactory, OrganizationFactory, RecipientFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import member
from tracking.admin.plans import drawn
from tracking.analytics.plan_days import burn_up
from tracking.models import CampaignDay

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 10, 23, 30, tzinfo=ZoneInfo("UTC"))  # the 11th in Prague, the 11th day of the plan


@pytest.fixture
def plan() -> CampaignPlan:
    """Forty replies in the twenty days from the first of November."""
    home = OrganizationFactory(timezone="Europe/Prague")
    made = CampaignPlan.objects.create(
        organization=home, name="Autumn", starts_on=date(2026, 11, 1), ends_on=date(2026, 11, 20),
        target_metric="replies", target_value=40,
    )  # fmt: skip
    for _ in range(2):
        campaign = CampaignFactory(organization=home, plan=made)
        for day, replied in ((date(2026, 10, 30), 1), (date(2026, 11, 2), 4), (date(2026, 11, 9), 5)):
            CampaignDay.objects.create(campaign=campaign, day=day, replied=replied, sent=50)
    CampaignDay.objects.create(campaign=CampaignFactory(organization=home), day=date(2026, 11, 2), replied=99)
    return made


def test_replies_add_up_from_day_to_day_with_those_of_before_and_one_question_finds_them(
    plan: CampaignPlan, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        found = burn_up(plan, now=NOW)

    assert found is not None
    assert (found.before, list(found.done)) == (2, [2, 10, 10, 10, 10, 10, 10, 10, 20, 20, 20])
    shown = drawn(found)
    assert shown["sentence"] == "20 of 40 people who replied by 11 Nov, 2 behind a steady pace."
    assert [(week["done"], week["so_far"], week["planned"]) for week in shown["weeks"]] == [(10, 20, 22), (8, 10, 14)]


def test_without_a_target_the_budget_of_mails_is_looked_at_and_before_the_first_day_nothing(plan: CampaignPlan) -> None:
    plan.target_metric, plan.target_value, plan.budgeted_touches = "", None, 400
    of_mails = burn_up(plan, now=NOW)
    plan.starts_on = date(2027, 1, 1)

    assert of_mails is not None
    assert (of_mails.done[-1], of_mails.what) == (300, "mails sent")
    assert burn_up(plan, now=NOW) is None


def test_bookings_count_on_the_day_on_which_they_became_known_by_the_campaigns_clock(plan: CampaignPlan) -> None:
    plan.target_metric, plan.target_value = "booked", 5
    campaign = CampaignFactory(organization=plan.organization, plan=plan, timezone="Europe/Prague")
    for booked_at in ("2026-10-31T22:00Z", "2026-11-03T23:30Z", "2026-11-09T08:00Z", None):
        RecipientFactory(campaign=campaign, booked_at=booked_at)

    found = burn_up(plan, now=NOW)

    assert found is not None
    assert (found.before, list(found.done)) == (1, [1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3])


def test_the_page_draws_it_with_a_table_behind_it(plan: CampaignPlan) -> None:
    page = member(plan.organization, Role.VIEWER).get(reverse("admin:campaigns_campaignplan_change", args=[plan.pk]))

    shown = page.content.decode()
    assert ("Planned and done, day by day" in shown, "At a steady pace" in shown) == (True, True)
