"""A page of the list of leads: newest first, from a lead's number on, as far as there is time to look."""

from dataclasses import dataclass
from typing import Any, Self

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ORDER_VAR
from django.http import HttpRequest
from unfold.paginator import InfinitePaginator

from campaigns_project.keys import key_of
from campaigns_project.patience import AT_ONCE, Part, TookTooLong, look, within

OLDER, NEWER = "below", "above"  # in the address: the number of the lead that the page begins after
NOBODY = "nobody"  # beside it: none of those looked at before fits


class LeadPages(InfinitePaginator):
    """Links to what is `around` the page, in the place of numbers of pages."""

    template_name = "leads/admin/pages.html"


@dataclass(frozen=True)
class Place:
    """Where a page begins: after the lead of this number, downwards or, with `upward`, towards the newest."""

    beyond: int | None = None
    upward: bool = False
    nobody: bool = True  # none of those above it fits, as far as is known

    @classmethod
    def taken_from(cls, request: HttpRequest) -> Self:
        """The place in the address, which is taken out of it: to filters, and to acts on the list, it is nothing."""
        query = request.GET.copy()
        nobody = bool(query.pop(NOBODY, []))
        asked = {name: query.pop(name)[-1] for name in (OLDER, NEWER) if name in query}
        request.GET = query  # type: ignore[assignment]
        for name, number in asked.items():
            key = key_of(number)
            if key is None:
                raise IncorrectLookupParameters
            return cls(key, upward=name == NEWER, nobody=nobody)
        return cls()


@dataclass(frozen=True)
class Around:
    """What is beside a page, as queries of the list; `looked` is a sentence where there was no time for all of it."""

    older: str = ""
    newer: str = ""
    looked: str = ""
    further: str = ""  # where it was broken off
    is_end: bool = False  # nobody more, below others that were shown
    is_nobody: bool = False  # nobody at all
    is_unsorted: bool = False  # there was no time to sort it as asked


def read_page(shown: Any, place: Place) -> None:
    """Put the rows of the page into the changelist `shown`, and what lies `around` it; None where it is sorted."""
    shown.around = None
    if ORDER_VAR in shown.params and _is_sorted(shown):
        return
    size = shown.list_per_page
    part = look(shown.queryset, most=size + 1, beyond=place.beyond, upward=place.upward)
    if place.upward and part.reached is None and len(part.keys) <= size:
        read_page(shown, Place())  # the newest of all: a full page of them, and not what is left above
        return
    keys = part.keys[:size]
    whole = shown.apply_select_related(shown.root_queryset)  # without what it is narrowed by: that was asked
    shown.result_list = list(whole.filter(pk__in=keys).order_by("-pk"))
    shown.around = _around(shown, place, part, keys)


def _is_sorted(shown: Any) -> bool:
    """Read as asked, by the number of the page; False where that takes too long: then the newest come first."""
    try:
        with within(AT_ONCE):
            shown.result_list = list(shown.result_list)
    except TookTooLong:
        return False
    return True


def _around(shown: Any, place: Place, part: Part, keys: list[int]) -> Around:
    is_part = part.reached is not None
    last = keys[-1] if len(part.keys) > len(keys) else None
    onward = part.reached if is_part else last
    back = keys[0] if keys and place.beyond is not None else _just_before(place)
    newer, older = (onward, back) if place.upward else (back, onward)
    nobody = place.nobody and not keys and not place.upward
    return Around(
        newer=_query(shown, {NEWER: newer}),
        older=_query(shown, {OLDER: older, NOBODY: 1 if nobody else None}),
        looked=_looked(place, part) if is_part else "",
        further=_query(shown, {NEWER if place.upward else OLDER: onward, NOBODY: 1 if nobody else None}),
        is_end=not is_part and not keys and not nobody,
        is_nobody=not is_part and nobody,
        is_unsorted=ORDER_VAR in shown.params,
    )


def _just_before(place: Place) -> int | None:
    """From where the way back begins on a page without any lead: the lead it begins after is one of those there."""
    if place.beyond is None:
        return None
    return place.beyond + 1 if place.upward else place.beyond - 1


def _query(shown: Any, place: dict[str, int | None]) -> str:
    """The list at a place, sorted as it is by itself; empty where the first of its numbers is none."""
    number, *_ = place.values()
    return shown.get_query_string({**place, ORDER_VAR: None}) if number is not None else ""


def _looked(place: Place, part: Part) -> str:
    if place.upward:
        return "Finding these takes long: not all newer leads were looked through yet."
    percent = min(max(round(100 * part.share), 1), 99)
    return f"Finding these takes long: so far the newest {percent}% of all leads were looked through."
