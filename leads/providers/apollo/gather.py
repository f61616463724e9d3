"""The people of a page, in their order and as many as are wanted: known from before, free, or bought now."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from leads.providers.apollo.client import ApolloClient
from leads.providers.apollo.enrich import AT_ONCE, buy
from leads.providers.base import Purchases
from leads.providers.values import Bought, FetchEnd, Mapped, RawRecord

# What is bought is kept once a page is handed over, so none takes much longer; a worker's task has five minutes.
LONGEST_PAGE = 60.0  # seconds


@dataclass
class Gathered:
    """Records so far, what they cost, and why it ended where it did before the page was through."""

    records: list[RawRecord] = field(default_factory=list)
    cost: Decimal = Decimal(0)
    end: FetchEnd | None = None
    is_cut: bool = False  # out of time: others of the page are still to come

    @property
    def found(self) -> int:
        """Those who can become leads."""
        return sum(record.problem is None for record in self.records)


def gather(
    client: ApolloClient,
    purchases: Purchases,
    people: Mapping[str, dict[str, Any]],
    *,
    wanted: int,
    told: Callable[[dict[str, Any]], Mapped],
) -> Gathered:
    """Up to `wanted` who can become leads, and whoever on the way cannot. `told` reads a payload."""
    gathered = Gathered()
    waiting = list(people)
    began = time.monotonic()
    while waiting and gathered.end is None:
        size = min(AT_ONCE, wanted - gathered.found)
        if size <= 0:
            gathered.end = FetchEnd.COUNT_REACHED
        elif gathered.records and time.monotonic() - began > LONGEST_PAGE:
            gathered.is_cut = True
            return gathered
        else:
            some, waiting = waiting[:size], waiting[size:]
            _gather_some(client, purchases, {each: people[each] for each in some}, gathered, told)
    if gathered.found >= wanted:
        gathered.end = gathered.end or FetchEnd.COUNT_REACHED
    return gathered


def _gather_some(
    client: ApolloClient,
    purchases: Purchases,
    people: dict[str, dict[str, Any]],
    gathered: Gathered,
    told: Callable[[dict[str, Any]], Mapped],
) -> None:
    costing = [each for each, person in people.items() if _costs(person)]
    known = purchases.known(costing)
    unknown = [each for each in costing if each not in known]
    left = purchases.left()
    affordable = unknown if left is None else unknown[: max(int(left), 0)]
    if affordable:
        bought = buy(client, purchases, {each: people[each] for each in affordable})
        gathered.cost += sum((each.credits or Decimal(0) for each in bought.values()), Decimal(0))
        known |= bought
    if len(affordable) < len(unknown):
        gathered.end = FetchEnd.CREDIT_LIMIT
    gathered.records += [
        _record(each, person, known.get(each), told)
        for each, person in people.items()
        if each in known or each not in costing
    ]


def _record(
    external_id: str, person: dict[str, Any], bought: Bought | None, told: Callable[[dict[str, Any]], Mapped]
) -> RawRecord:
    payload: dict[str, Any] = {"person": person}
    if bought:
        payload |= {"purchase": bought.status, "match": bought.payload}
    mapped = told(payload)
    return RawRecord(external_id, payload, mapped.fields, mapped.problem)


def _costs(person: Mapping[str, Any]) -> bool:
    """Whether an address has to be asked for: there is none yet, and Apollo does not say that it knows none."""
    return not person.get("email") and person.get("has_email") is not False
