"""What the tests of Instantly share: the fake, running, and a campaign that it is to deliver."""

from collections.abc import Iterator
from typing import Any

import pytest

from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory, InstantlyAccountFactory
from campaigns.tests.instantly.fake_instantly import FakeInstantly, serving
from campaigns.tests.instantly.prepare import deliver_by_instantly


@pytest.fixture
def instantly(settings: Any) -> Iterator[FakeInstantly]:
    """Running, and where the client looks for it."""
    with serving(FakeInstantly()) as fake:
        settings.INSTANTLY_API_URL = fake.url
        yield fake


@pytest.fixture
def campaign(db: None) -> Campaign:
    """A draft with two steps and three people."""
    made = CampaignFactory(name="DE agencies")
    InstantlyAccountFactory(organization=made.organization)
    return deliver_by_instantly(made, people=3)
