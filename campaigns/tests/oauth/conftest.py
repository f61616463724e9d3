import pytest

from campaigns.tests.oauth.oauth_server import OAuthServer


@pytest.fixture
def provider():
    """A provider to connect with; it runs on this machine."""
    with OAuthServer() as server:
        yield server


@pytest.fixture(autouse=True)
def _may_be_reached(settings):
    settings.OUTBOUND_ALLOW_HOSTS = ["127.0.0.1"]
