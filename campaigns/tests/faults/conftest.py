import contextlib

import pytest
from django.utils import timezone

from campaigns.tests.delivery.conftest import certificate, server_tls  # noqa: F401 - fixtures for the tests here
from campaigns.tests.delivery.fault_server import FaultServer


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture(autouse=True)
def _own_journals(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    settings.STREAMS = 1  # the order of mails is known then


@pytest.fixture
def facing(settings):
    """A fault server with the given script, which all mails of the sandbox go to for the length of a `with`."""

    @contextlib.contextmanager
    def faced(**script):
        with FaultServer(**script) as server:
            settings.SANDBOX_SMTP_HOST, settings.SANDBOX_SMTP_PORT = "127.0.0.1", server.port
            yield server

    return faced
