"""A page of a timeline: one statement finds its rows over all kinds, then each kind's rows are read at once."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import F, IntegerField, QuerySet, Value

from leads.models import Lead
from tracking.timeline.entries import Entry, describe
from tracking.timeline.kinds import EntryKind, Show, events_of, kinds_of
from tracking.timeline.places import Place
from tracking.timeline.sources import rows_of

PAGE = 50
_RANKS = {kind: rank for rank, kind in enumerate(EntryKind)}
_KINDS = list(EntryKind)


@dataclass(frozen=True)
class Page:
    """Entries, newest first; `cursor` asks for those after the last, and is empty where there are none."""

    entries: list[Entry]
    cursor: str


def timeline(*, lead: Lead, show: Iterable[Show] = (), cursor: str = "", limit: int = PAGE) -> Page:
    """What happened with `lead`: at most `limit` entries after `cursor`, of these parts alone if any are named.

    What belongs to a campaign that is being deleted is not in it. A fixed number of queries for any number of entries.
    Refused for a cursor that is not ours.
    """
    after = Place.read(cursor) if cursor else None
    places = _places(lead, frozenset(show), after, limit + 1)
    shown = places[:limit]
    ids: dict[EntryKind, list[int]] = defaultdict(list)
    for place in shown:
        ids[_KINDS[place.rank]].append(place.number)
    described = {(kind, pk): entry for kind in ids for pk, entry in describe(kind, ids[kind]).items()}
    found = [(place, described.get((_KINDS[place.rank], place.number))) for place in shown]
    # A row that went between the two looks is left out.
    entries = [entry.at_time(place.at) for place, entry in found if entry is not None]
    return Page(entries, str(shown[-1]) if len(places) > limit else "")


def _places(lead: Lead, show: frozenset[Show], after: Place | None, limit: int) -> list[Place]:
    kinds = sorted(kinds_of(show), key=_RANKS.__getitem__)
    first, *others = (_branch(kind, lead, show, after, limit) for kind in kinds)
    found = first.union(*others, all=True).order_by("-at", "rank", "-number")[:limit] if others else first
    return [Place(*row) for row in found]


def _branch(kind: EntryKind, lead: Lead, show: frozenset[Show], after: Place | None, limit: int) -> QuerySet:
    rank = _RANKS[kind]
    rows = rows_of(kind, lead, events_of(show))
    if after is not None:
        rows = rows.filter(after.older(rank))
    marked = rows.annotate(rank=Value(rank, IntegerField()), number=F("pk"))
    return marked.order_by("-at", "-pk").values_list("at", "rank", "number")[:limit]
