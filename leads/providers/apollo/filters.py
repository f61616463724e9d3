"""The parameters of Apollo's search. It ignores a name it does not know and answers with everybody there is, so
nothing is sent but what stands here, and in the form it takes.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any

from leads.providers.errors import SourceRefused

SENIORITIES = (
    "owner", "founder", "c_suite", "partner", "vp", "head", "director", "manager", "senior", "entry", "intern",
)  # fmt: skip
EMAIL_STATUSES = ("verified", "unverified", "likely to engage", "unavailable")
KEYWORD_FIELDS = ("tags", "name", "social_media_description")
DOMAINS_MAX = 1_000  # so many at once, says its documentation
LIST_MAX = 1_000
TEXT_MAX = 500

# Not asked of the search, which has no such filter: people are left out once their address is known.
EXCLUDE_CATCH_ALL = "exclude_catch_all"
# Of people that the team has saved: another search, with fewer filters.
CONTACT_FILTERS = frozenset({"contact_label_ids", "contact_stage_ids", "q_keywords", EXCLUDE_CATCH_ALL})

Read = Callable[[Any], Any]


def clean_filters(filters: Mapping[str, Any]) -> dict[str, Any]:
    """The filters in the form they are sent in; SourceRefused names the first that is unknown or cannot be read.

    A single value stands for a list of one, `min,max` for a range.
    """
    cleaned: dict[str, Any] = {}
    for asked, value in filters.items():
        name = ALIASES.get(asked, asked)
        try:
            cleaned[name] = _merged(cleaned.get(name), clean_filter(name, value))
        except ValueError as error:
            raise SourceRefused(
                "bad_filter", f"The filter {asked[:60]} cannot be read: {error}.", details={"field": asked}
            ) from None
    return cleaned


def clean_filter(name: str, value: Any) -> Any:
    """One value in the form it is sent in; ValueError says what is wrong with it, SourceRefused that there is no such
    filter."""
    if name not in READERS:
        raise SourceRefused(
            "unknown_filter",
            f"Apollo's search has no filter “{name[:60]}”.",
            f"There are: {', '.join(READERS)}.",
            {"field": name[:60]},
        )
    return READERS[name](value)


def _merged(before: Any, after: Any) -> Any:
    return list(dict.fromkeys([*before, *after])) if isinstance(before, list) else after


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text is wanted")
    if len(value) > TEXT_MAX or not value.isprintable():
        raise ValueError(f"a text of up to {TEXT_MAX} visible characters is wanted")
    return value.strip()


def _texts(value: Any, *, most: int = LIST_MAX) -> list[str]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not values:
        raise ValueError("one or more texts are wanted")
    if len(values) > most:
        raise ValueError(f"{len(values):,} values; {most:,} are the most")
    return list(dict.fromkeys(_text(each) for each in values))


def _one_of(value: Any, *, allowed: tuple[str, ...]) -> list[str]:
    texts = [each.lower() for each in _texts(value)]
    for each in texts:
        if each not in allowed:
            raise ValueError(f"“{each[:40]}” is none of {', '.join(allowed)}")
    return texts


def _email_statuses(value: Any) -> list[str]:
    return _one_of([each.replace("_", " ") for each in _texts(value)], allowed=EMAIL_STATUSES)


def _ids(value: Any) -> list[str]:
    texts = _texts(value)
    for each in texts:
        if not re.fullmatch("[0-9a-fA-F]{24}", each):
            raise ValueError(f"“{each[:40]}” is no id of Apollo's, which has 24 hexadecimal digits")
    return texts


def _domains(value: Any) -> list[str]:
    texts = _texts(value.split() if isinstance(value, str) else value, most=DOMAINS_MAX)
    domains = [re.sub(r"^(https?://)?(www\.)?", "", each.lower()).rstrip("/") for each in texts]
    for each in domains:
        if not re.fullmatch(r"[^\s/@.]+(\.[^\s/@.]+)+", each):
            raise ValueError(f"“{each[:60]}” is no domain")
    return list(dict.fromkeys(domains))


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if str(value).lower() not in known:
        raise ValueError("true or false is wanted")
    return known[str(value).lower()]


def _ranges(value: Any) -> list[str]:
    """How many people work there, as texts: “11,50”, or “10001,” with an open end."""
    ranges = [each.replace(" ", "") for each in _texts(value)]
    for each in ranges:
        found = re.fullmatch(r"([0-9]{1,9}),([0-9]{0,9})", each)
        if not found or (found[2] and int(found[1]) > int(found[2])):
            raise ValueError(f"“{each[:40]}” is no range such as 11,50")
    return ranges


def _range(value: Any, *, read: Callable[[Any], Any]) -> dict[str, Any]:
    """`{min, max}`, either of them alone too. A range as a text would be answered with an error of its server."""
    if isinstance(value, str):
        low, comma, high = value.partition(",")
        value = {"min": low.strip(), "max": high.strip() if comma else low.strip()}
    if not isinstance(value, Mapping) or set(value) - {"min", "max"}:
        raise ValueError("min and max are wanted")
    ends = {end: read(value[end]) for end in ("min", "max") if value.get(end) not in (None, "")}
    if not ends or (len(ends) == 2 and ends["min"] > ends["max"]):
        raise ValueError("min and max are wanted, the smaller one first")
    return ends


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not re.fullmatch("[0-9]{1,15}", str(value)):
        raise ValueError(f"“{str(value)[:40]}” is no whole number")
    return int(value)


def _day(value: Any) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ValueError(f"“{str(value)[:40]}” is no date such as 2026-05-31") from None


_numbers, _days = partial(_range, read=_whole), partial(_range, read=_day)

# What is documented, and what is known to be honored although it is not.
READERS: dict[str, Read] = {
    "q_keywords": _text,
    "q_person_name": _text,
    "q_organization_name": _text,
    "person_titles": _texts,
    "person_not_titles": _texts,
    "include_similar_titles": _flag,
    "person_seniorities": partial(_one_of, allowed=SENIORITIES),
    "person_departments": _texts,
    "person_department_or_subdepartments": _texts,
    "person_functions": _texts,
    "person_locations": _texts,
    "person_not_locations": _texts,
    "organization_locations": _texts,
    "organization_not_locations": _texts,
    "organization_ids": _ids,
    "organization_not_ids": _ids,
    "organization_num_employees_ranges": _ranges,
    "organization_industry_tag_ids": _ids,
    "organization_not_industry_tag_ids": _ids,
    "q_organization_domains_list": _domains,
    "q_organization_keyword_tags": _texts,
    "q_not_organization_keyword_tags": _texts,
    "included_organization_keyword_fields": partial(_one_of, allowed=KEYWORD_FIELDS),
    "excluded_organization_keyword_fields": partial(_one_of, allowed=KEYWORD_FIELDS),
    "contact_email_status": _email_statuses,
    "revenue_range": _numbers,
    "total_funding_range": _numbers,
    "latest_funding_amount_range": _numbers,
    "latest_funding_date_range": _days,
    "organization_latest_funding_stage_cd": _texts,
    "organization_founded_year_range": _numbers,
    "organization_num_jobs_range": _numbers,
    "organization_job_posted_at_range": _days,
    "organization_job_locations": _texts,
    "q_organization_job_titles": _texts,
    "currently_using_any_of_technology_uids": _texts,
    "currently_using_all_of_technology_uids": _texts,
    "currently_not_using_any_of_technology_uids": _texts,
    "contact_label_ids": _ids,
    "contact_stage_ids": _ids,
    EXCLUDE_CATCH_ALL: _flag,
}
# Older names of the same filter. Both forms of the domains in one request are refused over there.
ALIASES = {
    "q_organization_domains": "q_organization_domains_list",
    "organization_keyword_tags": "q_organization_keyword_tags",
    "not_organization_ids": "organization_not_ids",
    "contact_email_status_v2": "contact_email_status",
    "contact_email_exclude_catch_all": EXCLUDE_CATCH_ALL,
}
