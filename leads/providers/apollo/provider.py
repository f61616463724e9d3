"""Apollo.io, as the registry knows it."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from leads.providers.apollo.client import ApolloClient
from leads.providers.apollo.enrich import AT_ONCE, buy
from leads.providers.apollo.filters import CONTACT_FILTERS, EXCLUDE_CATCH_ALL, clean_filters
from leads.providers.apollo.mapping import mapped
from leads.providers.apollo.search import People, of_contacts, search_people
from leads.providers.apollo.url import read_url
from leads.providers.base import Heard, LeadProvider, Purchases
from leads.providers.errors import KeyRefused, ProviderRefused, SourceRefused
from leads.providers.values import (
    Bought,
    Cursor,
    FetchEnd,
    Filters,
    Found,
    LeadSource,
    Mapped,
    Page,
    RawRecord,
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
        """`count` people with an address, and no more credits than that: whoever Apollo has no address of costs none,
        or comes on top where the credits allow."""
        at = cursor or {"page": 1, "found": 0}
        page, found = at["page"], at["found"]
        people = search_people(self._client, source.filters, page=page, is_legacy=self._is_legacy)
        records, cost, end = self._records(people, source, wanted=source.count - found)
        found += sum(record.problem is None for record in records)
        if end is None and people.is_last(page):
            end = FetchEnd.WINDOW if people.by_id and people.total > people.window else FetchEnd.NO_MORE
        onward = None if end else {"page": page + 1, "found": found}
        return Page(records, onward, people.total, cost, end)

    def _records(
        self, people: People, source: LeadSource, *, wanted: int
    ) -> tuple[list[RawRecord], Decimal, FetchEnd | None]:
        records: list[RawRecord] = []
        cost = Decimal(0)
        waiting = list(people.by_id.items())
        while waiting:
            if wanted <= 0:
                return records, cost, FetchEnd.COUNT_REACHED
            some, waiting = waiting[: min(AT_ONCE, wanted)], waiting[min(AT_ONCE, wanted) :]
            known, paid, is_spent = self._known(dict(some))
            cost += paid
            made = [
                self._record(each, person, known.get(each), source)
                for each, person in some
                if each in known or not _costs(person)
            ]
            records += made
            wanted -= sum(record.problem is None for record in made)
            if is_spent:
                return records, cost, FetchEnd.CREDIT_LIMIT
        return records, cost, FetchEnd.COUNT_REACHED if wanted <= 0 else None

    def _known(self, people: dict[str, dict[str, Any]]) -> tuple[dict[str, Bought], Decimal, bool]:
        """What was bought of those who cost, before or now; what that cost; and whether credits ran out on the way."""
        wanted = [each for each, person in people.items() if _costs(person)]
        known = self._purchases.known(wanted)
        unknown = [each for each in wanted if each not in known]
        left = self._purchases.left()
        affordable = unknown if left is None else unknown[: max(int(left), 0)]
        if not affordable:
            return known, Decimal(0), bool(unknown)
        bought = buy(self._client, self._purchases, {each: people[each] for each in affordable})
        cost = sum((each.credits or Decimal(0) for each in bought.values()), Decimal(0))
        return {**known, **bought}, cost, len(affordable) < len(unknown)

    def _record(self, external_id: str, person: dict[str, Any], bought: Bought | None, source: LeadSource) -> RawRecord:
        payload: dict[str, Any] = {"person": person}
        if bought:
            payload |= {"purchase": bought.status, "match": bought.payload}
        told = self.map(payload, filters=source.filters)
        return RawRecord(external_id, payload, told.fields, told.problem)


def _costs(person: Mapping[str, Any]) -> bool:
    """Whether an address has to be asked for: there is none yet, and Apollo does not say that it knows none."""
    return not person.get("email") and person.get("has_email") is not False
