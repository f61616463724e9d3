"""Apollo.io, as the registry knows it."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

from leads.providers.apollo.client import ApolloClient
from leads.providers.apollo.filters import CONTACT_FILTERS, EXCLUDE_CATCH_ALL, clean_filters
from leads.providers.apollo.gather import Gathered, gather
from leads.providers.apollo.mapping import mapped
from leads.providers.apollo.search import of_contacts, search_people
from leads.providers.apollo.url import read_url
from leads.providers.base import LeadProvider, Purchases
from leads.providers.errors import Heard, KeyRefused, ProviderRefused, SourceRefused
from leads.providers.values import (
    Cursor,
    FetchEnd,
    Filters,
    Found,
    LeadSource,
    Mapped,
    Page,
    RecordProblem,
    Unmapped,
)

WITHOUT_DATA = {
    "missing": RecordProblem.NOT_FOUND,
    "unclear": RecordProblem.PURCHASE_UNCLEAR,
    "erased": RecordProblem.ERASED,
}


class ApolloProvider(LeadProvider):
    """Its search tells who there is, for nothing; whose address is wanted costs a credit each."""

    name = "apollo"
    label = "Apollo"

    def __init__(self, *, api_key: str, purchases: Purchases, heard: Heard, url: str, is_legacy: bool = False):
        self._client = ApolloClient(api_key=api_key, url=url, heard=heard)
        self._purchases = purchases
        self._is_legacy = is_legacy

    @classmethod
    def read(cls, *, url: str, filters: Filters, today: date) -> tuple[dict[str, Any], list[Unmapped]]:
        of_url, unmapped = read_url(url, today=today) if url else ({}, [])
        read = {**of_url, **clean_filters(filters)}
        if not set(read) - {EXCLUDE_CATCH_ALL, "include_similar_titles"}:
            raise SourceRefused(
                "no_filters", "Without any filter the search would find everybody there is.", "Name some."
            )
        if of_contacts(read) and (beyond := set(read) - CONTACT_FILTERS):
            raise SourceRefused(
                "bad_filter",
                f"Among saved contacts Apollo does not search by {', '.join(sorted(beyond))}.",
                "Leave them out, or the lists and stages.",
                {"field": min(beyond)},
            )
        return read, unmapped

    @classmethod
    def map(cls, payload: Mapping[str, Any], *, filters: Filters) -> Mapped:
        person, match = payload.get("person") or {}, payload.get("match") or {}
        both = {**person, **{key: value for key, value in match.items() if value is not None}}
        problem = WITHOUT_DATA.get(payload.get("purchase", ""))
        of_both = mapped(both, excludes_catch_all=bool(filters.get(EXCLUDE_CATCH_ALL)))
        return Mapped(of_both.fields, problem) if problem else of_both

    def check(self) -> None:
        try:
            self._client.get("users/api_profile", tries=1)
        except ProviderRefused as refused:
            # The key may be good and not allowed to ask this, or this may be gone: the older question decides.
            if refused.details.get("status") not in (403, 404):
                raise
            if self._client.get("auth/health", tries=1).get("is_logged_in") is not True:
                raise KeyRefused(
                    "provider_key_refused", "Apollo does not know the key.", "Enter a new one under Provider accounts."
                ) from None

    def preview(self, source: LeadSource) -> Found:
        people = search_people(self._client, source.filters, page=1, per_page=1, is_legacy=self._is_legacy)
        count = min(source.count, people.total, people.window)
        left = self._purchases.left()
        cost = 0 if of_contacts(source.filters) else count if left is None else min(count, int(left))
        capped = people.window if people.total > people.window else None
        return Found(people.total, count, cost, source.unmapped, capped)

    def fetch(self, source: LeadSource, cursor: Cursor | None) -> Page:
        """`count` people with an address in all: whoever has none is passed over, and the next one taken.

        The cursor has the page, how many were found on those before, and who was told of on this one already.
        """
        at = cursor or {"page": 1, "found": 0}
        people = search_people(self._client, source.filters, page=at["page"], is_legacy=self._is_legacy)
        done = set(at.get("done", ()))
        gathered = gather(
            self._client,
            self._purchases,
            {each: person for each, person in people.by_id.items() if each not in done},
            wanted=source.count - at["found"],
            told=partial(self.map, filters=source.filters),
        )
        end = gathered.end
        if end is None and not gathered.is_cut and people.is_last(at["page"]):
            end = FetchEnd.WINDOW if people.by_id and people.total > people.window else FetchEnd.NO_MORE
        onward = None if end else _onward(at, gathered)
        return Page(gathered.records, onward, people.total, gathered.cost, end)


def _onward(at: Cursor, gathered: Gathered) -> Cursor:
    found = at["found"] + gathered.found
    if not gathered.is_cut:
        return {"page": at["page"] + 1, "found": found}
    told = [record.external_id for record in gathered.records]
    return {"page": at["page"], "found": found, "done": [*at.get("done", ()), *told]}
