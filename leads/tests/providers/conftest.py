"""What the tests of providers share: the fake Apollo, running, and short words for asking it."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from campaigns.tests.factories import LeadImportFactory, ProviderAccountFactory
from leads.models import LeadImport, ProviderAccount
from leads.providers.base import LeadProvider
from leads.providers.registry import provider_for
from leads.providers.sources import read_source
from leads.providers.values import LeadSource, Page
from leads.tests.providers.fake_apollo import FakeApollo, serving

TODAY = date(2026, 11, 20)


@pytest.fixture
def apollo(settings: Any) -> Iterator[FakeApollo]:
    """Running, and where the client looks for it."""
    with serving(FakeApollo()) as fake:
        settings.APOLLO_API_URL = fake.url
        yield fake


@pytest.fixture
def account(db: None) -> ProviderAccount:
    return ProviderAccountFactory(api_key="master-key")


@pytest.fixture
def of_import(account: ProviderAccount) -> LeadImport:
    return LeadImportFactory(organization=account.organization, source="apollo", file_name="Apollo")


@pytest.fixture
def provider(apollo: FakeApollo, account: ProviderAccount, of_import: LeadImport) -> LeadProvider:
    return provider_for(organization=account.organization, name="apollo", lead_import=of_import)


def source_of(count: int = 1_000, **filters: Any) -> LeadSource:
    """A search by filters; of everybody in the fake's countries unless said otherwise."""
    asked = filters or {"contact_email_status": ["verified", "unverified"]}
    return read_source(provider="apollo", filters=asked, count=count, today=TODAY)


def all_pages(provider: LeadProvider, source: LeadSource) -> list[Page]:
    """Fetched to the end."""
    pages = [provider.fetch(source, None)]
    while pages[-1].next_cursor is not None:
        pages.append(provider.fetch(source, pages[-1].next_cursor))
    return pages
