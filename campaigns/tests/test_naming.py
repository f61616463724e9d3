"""Campaign IDs made from names: free, never used before, and never to be taken for a number."""

import pytest
from django.db import transaction

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


@pytest.mark.django_db(transaction=True)
def test_two_who_make_campaigns_of_one_name_at_once_get_two_ids():
    home = OrganizationFactory()

    @transaction.atomic
    def make():
        return CampaignFactory(organization=home, campaign_id=free_campaign_id("Fair")).campaign_id

    assert sorted(at_once(*[make] * 4)) == ["fair", "fair-2", "fair-3", "fair-4"]
