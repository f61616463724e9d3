"""The address of a people search in Apollo's interface, as filters of its API.

The interface keeps the search in the fragment: `https://app.apollo.io/#/people?personTitles[]=ceo&page=1`. Keys are the
names of the API in camelCase, with [] where they repeat and [min], [max] for the ends of a range. What cannot be said
to the API is told, never left out in silence: the result would be far broader than what the interface shows.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from leads.providers.apollo.filters import ALIASES, CONTACT_FILTERS, READERS, clean_filters
from leads.providers.errors import SourceRefused
from leads.providers.values import Unmapped, UnmappedReason

URL_MAX = 2_000
PAGES = ("people", "contacts")

# How the interface shows the result, and where one came from.
SHOWN_ONLY = frozenset(
    {
        "page", "sort_by_field", "sort_ascending", "finder_view_id", "finder_table_layout_id",
        "recommendation_config_id", "unique_url_id", "tour", "list_view",
    }
)  # fmt: skip
# Lists, personas and models that live in the account and cannot be named to the API.
NOT_IN_API = frozenset(
    {
        "q_organization_search_list_id", "q_not_organization_search_list_id", "q_person_persona_ids", "saved_search_id",
        "lookalike_organization_ids", "intent_strengths", "market_segments", "prospected_by_current_team",
    }
)  # fmt: skip
CONTACTS_ONLY = frozenset({"contact_label_ids", "contact_stage_ids"})
_DAYS_OF = {"day": 1, "week": 7, "month": 30, "year": 365}


def read_url(url: str, *, today: date) -> tuple[dict[str, Any], list[Unmapped]]:
    """The filters of the address, and every part of it that could not be mapped. Relative dates are those of `today`.

    SourceRefused for an address that is no people search of Apollo's.
    """
    found: dict[str, tuple[str, Any]] = {}
    unmapped: list[Unmapped] = []
    for key, value in _gathered(_pairs(_query(url))).items():
        name = ALIASES.get(_snake(key), _snake(key))
        if name in SHOWN_ONLY:
            continue
        why = _why_not(name)
        if why is None:
            try:
                cleaned = clean_filters({name: _resolved(value, today)})[name]
            except SourceRefused:
                why = UnmappedReason.BAD_VALUE
            else:
                found[name] = (key, _joined(found.get(name), cleaned))
        if why is not None:
            unmapped.append(Unmapped(key, _shown(value), why))
    return _one_search(found, unmapped)


def _query(url: str) -> str:
    if len(url) > URL_MAX:
        raise _no_search(f"The address is longer than {URL_MAX:,} characters.")
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname or ""
    except ValueError:
        raise _no_search("The address cannot be read.") from None
    if parts.scheme not in ("http", "https") or not (host == "apollo.io" or host.endswith(".apollo.io")):
        raise _no_search("The address is none of app.apollo.io.")
    where = parts.fragment or f"{parts.path}?{parts.query}"
    page, _, query = (where if "?" in where else unquote(where)).partition("?")
    if page.strip("/").split("/")[0] not in PAGES:
        raise _no_search(f"The address leads to “{page.strip('/')[:40]}”, not to a search for people.")
    return query


def _no_search(message: str) -> SourceRefused:
    hint = "Search for people in Apollo and copy the address of the browser: https://app.apollo.io/#/people?…"
    return SourceRefused("not_a_search_url", message, hint, {"field": "url"})


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for part in query.split("&"):
        key, _, value = part.partition("=")
        if key:
            yield _decoded(key), _decoded(value)


def _decoded(text: str) -> str:
    """Percent-decoded, a second time where somebody's mail program or spreadsheet has encoded the address again."""
    once = unquote(text.replace("+", " "))
    return unquote(once) if "%25" in text and re.search("%[0-9A-Fa-f]{2}", once) else once


def _gathered(pairs: Iterator[tuple[str, str]]) -> dict[str, Any]:
    """By key as written, without brackets: a list of the values, or the ends of a range."""
    gathered: dict[str, Any] = {}
    for written, value in pairs:
        key, _, inside = written.partition("[")
        end = inside.rstrip("]")
        if end in ("min", "max"):
            ends = gathered.setdefault(key, {})
            if isinstance(ends, dict):
                ends[end] = value
                continue
        elif not end or end.isdigit():
            values = gathered.setdefault(key, [])
            if isinstance(values, list):
                values.append(value)
                continue
        gathered[written] = [value]
    return gathered


def _snake(key: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", key).lower()


def _why_not(name: str) -> UnmappedReason | None:
    if name in NOT_IN_API:
        return UnmappedReason.NOT_IN_API
    return None if name in READERS else UnmappedReason.UNKNOWN


def _resolved(value: Any, today: date) -> Any:
    """A list of one as that one, which readers of lists take too; ends of ranges with their dates."""
    if isinstance(value, dict):
        return {end: _day(text, today) for end, text in value.items()}
    return value[0] if len(value) == 1 else value


def _day(text: str, today: date) -> str:
    found = re.fullmatch("([0-9]{1,4})_(day|week|month|year)s?_ago", text)
    days = int(found[1]) * _DAYS_OF[found[2]] if found else 0
    if found and days < today.toordinal():  # there is no day before the first; the text is then refused as none
        return (today - timedelta(days=days)).isoformat()
    return today.isoformat() if text in ("today", "now") else text


def _joined(before: tuple[str, Any] | None, cleaned: Any) -> Any:
    """Two spellings of one filter in one address count together."""
    if before and isinstance(before[1], list):
        return list(dict.fromkeys([*before[1], *cleaned]))
    return cleaned


def _shown(value: Any) -> str:
    texts = [f"{end}:{text}" for end, text in value.items()] if isinstance(value, dict) else value
    return ",".join(texts)


def _one_search(found: dict[str, tuple[str, Any]], unmapped: list[Unmapped]) -> tuple[dict[str, Any], list[Unmapped]]:
    """Lists and stages are of people the team has saved: that search knows little else, and ignores the rest."""
    filters = {name: value for name, (_, value) in found.items()}
    if not CONTACTS_ONLY & set(filters):
        return filters, unmapped
    left_out = [
        Unmapped(found[name][0], _shown(value if isinstance(value, list | dict) else [str(value)]),
                 UnmappedReason.OTHER_SEARCH)
        for name, value in filters.items()
        if name not in CONTACT_FILTERS
    ]  # fmt: skip
    return {name: value for name, value in filters.items() if name in CONTACT_FILTERS}, [*unmapped, *left_out]
