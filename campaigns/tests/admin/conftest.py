"""A manager's and an operator's browser, and a campaign that could start."""

from typing import Any

import pytest
from django.test import Client

from campaigns.tests.factories import CampaignFactory, CampaignSenderFactory, RecipientFactory, VariantFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import member


@pytest.fixture
def campaign(db: None) -> Any:
    """A draft with a step, a recipient and a sender."""
    draft = CampaignFactory(name="Autumn", active_leads_count=1, total_recipients=1)
    VariantFactory(step__campaign=draft)
    RecipientFactory(campaign=draft)
    CampaignSenderFactory(campaign=draft)
    return draft


@pytest.fixture
def manager(campaign: Any) -> Client:
    return member(campaign.organization, Role.MANAGER)


@pytest.fixture
def operator(campaign: Any) -> Client:
    return member(campaign.organization, Role.OPERATOR)
