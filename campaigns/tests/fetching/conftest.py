"""A campaign that is ready but for its people, whom the fake Apollo knows."""

import pytest

from campaigns.fetching.source import set_lead_source
from campaigns.models import Campaign
from campaigns.tests.factories import (
    NOON,
    CampaignFactory,
    CampaignSenderFactory,
    OrganizationFactory,
    ProviderAccountFactory,
    StepFactory,
    VariantFactory,
)
from campaigns_project.audit.actors import SYSTEM
from leads.tests.providers.fake_apollo import FakeApollo, serving

FILTERS = {"person_seniorities": ["head", "c_suite", "manager", "founder", "senior"]}


@pytest.fixture
def apollo(settings):
    """25 people, each known with an address; running where the client looks for it."""
    with serving(FakeApollo()) as fake:
        settings.APOLLO_API_URL = fake.url
        yield fake


@pytest.fixture
def ready(db, apollo) -> Campaign:
    """A draft with a step, a sender, a key for Apollo, and a search for up to 12 people."""
    organization = OrganizationFactory(postal_address="Street 1, Prague")
    campaign = CampaignFactory(organization=organization)
    CampaignSenderFactory(campaign=campaign)
    VariantFactory(step=StepFactory(campaign=campaign, wait_amount=0))
    ProviderAccountFactory(organization=organization, api_key="master-key")
    return set_lead_source(campaign=campaign, filters=FILTERS, count=12, actor=SYSTEM, now=NOON)
