import pytest

from campaigns.tests.factories import EnrichmentProfileFactory
from leads.enrichment import endpoint as endpoint_module
from leads.tests.enrichment.fake_endpoint import KEY, running


@pytest.fixture
def fake(settings, monkeypatch):
    """An endpoint on this machine, which may be connected to; retries wait no longer than they have to."""
    settings.OUTBOUND_ALLOW_HOSTS = ["127.0.0.1"]
    monkeypatch.setattr(endpoint_module, "FIRST_WAIT", 0.01)
    with running() as server:
        yield server


@pytest.fixture
def profile(fake, db):
    return EnrichmentProfileFactory(
        url=fake.url,
        model="small-model",
        api_key=KEY,
        prompt="What does {{ company }} do? {{ custom.notes | default: '' }}",
        fields=["title", "custom.icebreaker"],
    )
