"""Campaign IDs made from names: free, never used before, and never to be taken for a number."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign
from campaigns.naming import free_campaign_id
from campaigns.tests.factories import CampaignFactory, OrganizationFactory
from tracking.tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Spring Fair", "spring-fair"),
        ("Žluťoučký kůň", "zlutoucky-kun"),
        ("2026", "campaign-2026"),
        ("花子", "campaign"),
    ],
)
def test_a_name_becomes_a_slug(name, slug):
    assert free_campaign_id(name) == slug


def test_a_living_or_dead_campaign_keeps_its_id():
    CampaignFactory(campaign_id="fair")
    CampaignFactory(campaign_id="fair-2").delete()

    assert free_campaign_id("Fair") == "fair-3"


def test_a_number_that_somebody_chose_far_ahead_does_not_move_the_next_one():
    for slug in ["fair", "fair-2", "fair-3", "fair-2026"]:
        CampaignFactory(campaign_id=slug)

    assert free_campaign_id("Fair") == "fair-4"


def test_a_free_id_among_many_of_one_name_costs_few_questions_and_reads_none_of_them():
    home = OrganizationFactory()
    Campaign.objects.bulk_create(
        Campaign(organization=home, name="Fair", campaign_id=f"fair-{number}" if number > 1 else "fair")
        for number in range(1, 301)
    )

    with CaptureQueriesContext(connection) as asked:
        assert free_campaign_id("Fair") == "fair-301"

    _lock, *questions = [each["sql"] for each in asked]
    assert len(questions) <= 40
    assert [sql for sql in questions if "LIMIT 1" not in sql] == []


@pytest.mark.django_db(transaction=True)
def test_two_who_make_campaigns_of_one_name_at_once_get_two_ids():
    home = OrganizationFactory()

    @transaction.atomic
    def make():
        return CampaignFactory(organization=home, campaign_id=free_campaign_id("Fair")).campaign_id

    assert sorted(at_once(*[make] * 4)) == ["fair", "fair-2", "fair-3", "fair-4"]
