"""A page of Apollo's search, in whichever of its shapes it comes."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from leads.providers.apollo.client import ApolloClient
from leads.providers.apollo.filters import CONTACT_FILTERS, EXCLUDE_CATCH_ALL
from leads.providers.apollo.mapping import without_placeholders
from leads.providers.apollo.url import CONTACTS_ONLY
from leads.providers.errors import ProviderRefused

PER_PAGE = 100  # the most it takes
ID_MAX = 200  # characters that the journal keeps of an id; Apollo's have 24
PAGES = 500  # the last page it shows
WINDOW = PER_PAGE * PAGES
# It has some 275 million people. So many are found only where it did not understand the filters and said nothing.
IGNORED_ABOVE = 100_000_000


@dataclass(frozen=True)
class People:
    """One page: people by what Apollo calls them, how many the whole search has, and how many of them it shows."""

    by_id: dict[str, dict[str, Any]]
    total: int
    window: int

    def is_last(self, page: int) -> bool:
        """Whether there is nothing to be had behind this page."""
        return not self.by_id or page >= min(ceil(min(self.total, self.window) / PER_PAGE), PAGES)


def of_contacts(filters: Mapping[str, Any]) -> bool:
    """Whether the search is among the people that the team has saved, whose addresses cost nothing more."""
    return bool(CONTACTS_ONLY & set(filters))


def search_people(
    client: ApolloClient, filters: Mapping[str, Any], *, page: int, per_page: int = PER_PAGE, is_legacy: bool = False
) -> People:
    """One page of the search; costs no credits. ProviderRefused where it ignored the filters."""
    path = "contacts/search" if of_contacts(filters) else f"mixed_people/{'search' if is_legacy else 'api_search'}"
    answer = client.search(path, {**_asked(filters, is_legacy=is_legacy), "page": page, "per_page": per_page})
    people = _people(answer, path)
    if people.total > IGNORED_ABOVE:
        raise ProviderRefused(
            "filters_ignored",
            f"Apollo says that {people.total:,} people fit, which is everybody: it has ignored the filters.",
            "Nothing was fetched. Check the filters; Apollo may have renamed one.",
            {"total": people.total, "filters": sorted(set(filters))},
        )
    return people


def _asked(filters: Mapping[str, Any], *, is_legacy: bool) -> dict[str, Any]:
    asked = {name: value for name, value in filters.items() if name != EXCLUDE_CATCH_ALL}
    if of_contacts(filters):
        return {name: value for name, value in asked.items() if name in CONTACT_FILTERS}
    if is_legacy and "q_organization_domains_list" in asked:
        asked["q_organization_domains"] = "\n".join(asked.pop("q_organization_domains_list"))
    return asked


def _people(answer: Mapping[str, Any], path: str) -> People:
    paging = answer.get("pagination")
    total = answer.get("total_entries", paging.get("total_entries") if isinstance(paging, dict) else None)
    listed = [*_list(answer, "people"), *_list(answer, "contacts")]
    if not isinstance(total, int) or isinstance(total, bool):
        raise ProviderRefused(
            "provider_answer_unreadable",
            f"What Apollo answered to {path} does not say how many people there are.",
            "Check APOLLO_API_URL; Apollo may have changed its answers.",
        )
    # A person may come as such and as a saved contact; the latter, which comes second, has the address.
    by_id = {_id(each): without_placeholders(each) for each in listed if isinstance(each, dict) and _id(each)}
    return People(by_id, total, _window(answer))


def _list(answer: Mapping[str, Any], name: str) -> list[Any]:
    found = answer.get(name)
    return found if isinstance(found, list) else []


def _id(person: Mapping[str, Any]) -> str:
    return str(person.get("person_id") or person.get("id") or "")[:ID_MAX]


def _window(answer: Mapping[str, Any]) -> int:
    limit = answer.get("partial_results_limit")
    return min(limit, WINDOW) if answer.get("partial_results_only") is True and isinstance(limit, int) else WINDOW
