"""What the tests of imports share: an organization, and short words for putting a file through."""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.workers import stopping
from leads.imports.options import ImportOptions
from leads.imports.receiving import receive
from leads.imports.running import run_import
from leads.models import LeadImport

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def organization(db: None) -> Organization:
    return Organization.objects.create(name="Harbor", slug="harbor")


@pytest.fixture
def received(organization: Organization) -> Callable[..., LeadImport]:
    """Receives a text or bytes as a file; keywords are options."""

    def receive_file(content: str | bytes, *, into: Organization = organization, **options: Any) -> LeadImport:
        return receive(
            organization=into,
            stream=io.BytesIO(content.encode() if isinstance(content, str) else content),
            file_name="people.csv",
            options=ImportOptions(**options),
            actor=SYSTEM,
            now=NOON,
            in_background=False,
            confirm_repeat=True,
        )

    return receive_file


@pytest.fixture
def imported(received: Callable[..., LeadImport]) -> Callable[..., LeadImport]:
    """Receives and runs it."""

    def import_file(content: str | bytes, **options: Any) -> LeadImport:
        return run_import(lead_import_id=received(content, **options).pk, now=NOON)

    return import_file


@pytest.fixture
def asked_to_stop() -> Iterator[None]:
    """As in a worker that was asked to stop; the word is taken back afterwards."""
    stopping.ask_to_stop()
    yield
    stopping.take_back()
