"""Which providers there are, and one of them for an organization. A new provider is one line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from campaigns_project.accounts.models import Organization
from campaigns_project.encryption import readable
from campaigns_project.errors import Refused
from leads.models import LeadImport, Provider, ProviderAccount
from leads.providers.apollo.provider import ApolloProvider
from leads.providers.base import LeadProvider
from leads.providers.errors import KeyRefused, ProviderRefused, SourceRefused
from leads.providers.hearing import Hearing
from leads.providers.purchases import PurchaseJournal


@dataclass(frozen=True)
class Registered:
    """A provider's class, and what of the settings it is made with besides the key and the journal."""

    kind: type[LeadProvider]
    options: Callable[[], Mapping[str, Any]]


PROVIDERS: dict[str, Registered] = {
    Provider.APOLLO: Registered(
        ApolloProvider,
        lambda: {"url": settings.APOLLO_API_URL, "is_legacy": settings.APOLLO_LEGACY_SEARCH},
    ),
}


def provider_class(name: str) -> type[LeadProvider]:
    """The class of a provider by name, for what needs no key; SourceRefused where there is none of that name."""
    if name not in PROVIDERS:
        raise SourceRefused(
            "provider_unknown",
            f"There is no lead provider “{name[:40]}”.",
            f"There are: {', '.join(PROVIDERS)}.",
            {"field": "provider"},
        )
    return PROVIDERS[name].kind


def provider_for(
    *, organization: Organization, name: str, lead_import: LeadImport | None = None, credit_limit: int | None = None
) -> LeadProvider:
    """The provider with the organization's key; ProviderRefused where it has none.

    What is bought is noted as of `lead_import`, and no more than `credit_limit` credits (nor than the account's limit)
    are spent on it, counted over all its pages.
    """
    kind = provider_class(name)
    account = ProviderAccount.objects.for_organization(organization).filter(provider=name).first()
    if account is None:
        raise ProviderRefused(
            "provider_not_configured",
            f"{organization} has no key for {kind.label}.",
            "A manager adds it in the admin under Provider accounts.",
            {"provider": name},
        )
    return provider_of(account, lead_import=lead_import, credit_limit=credit_limit)


def provider_of(
    account: ProviderAccount, *, lead_import: LeadImport | None = None, credit_limit: int | None = None
) -> LeadProvider:
    """The same for an account at hand; KeyRefused where its key cannot be decrypted."""
    limits = [limit for limit in (account.credit_limit, credit_limit) if limit is not None]
    journal = PurchaseJournal(account, lead_import=lead_import, credit_limit=min(limits, default=None))
    registered = PROVIDERS[account.provider]
    try:
        key = readable(account.api_key)
    except Refused as refused:
        raise KeyRefused(refused.code, refused.message, details={"provider": account.provider}) from None
    return registered.kind(api_key=key, purchases=journal, heard=Hearing(account), **registered.options())
