"""A person of Apollo's in our words."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from campaigns_project.accounts.timezones import known_zones
from leads.providers.values import Mapped, RecordProblem

LOCKED = "email_not_unlocked"  # the local part of what stands where an address was not paid for

# As the model has them; a longer text is cut, since the raw lead keeps the whole.
LONGEST = {
    "first_name": 150, "last_name": 150, "title": 200, "seniority": 40, "company": 200, "company_domain": 255,
    "industry": 120, "city": 120, "country": 120, "linkedin_url": 300, "phone": 50, "website": 300,
}  # fmt: skip
VERIFICATION = {
    "verified": "verified",
    "likely to engage": "likely",
    "unverified": "unverified",
    "guessed": "unverified",
    "extrapolated": "unverified",
    "unavailable": "unavailable",
    "bounced": "unavailable",
}
SIZE_MAX = 2**31 - 1


def is_locked(address: object) -> bool:
    """Whether this stands for an address that exists and was not paid for."""
    return isinstance(address, str) and address.strip().lower().partition("@")[0] == LOCKED


def without_placeholders(person: Mapping[str, Any]) -> dict[str, Any]:
    """The person as told, with nothing in the place of each placeholder: nobody may write to one by mistake.

    `email_locked` is added where the person's own address was one.
    """
    kept = {key: _emptied(value) for key, value in person.items()}
    return {**kept, "email_locked": True} if is_locked(person.get("email")) else kept


def fields_of(person: Mapping[str, Any]) -> dict[str, Any]:
    """Every field of a lead that Apollo tells; what it does not is left out."""
    organization = person.get("organization") or person.get("account") or {}
    texts = {
        "email": person.get("email"),
        "first_name": person.get("first_name"),
        "last_name": person.get("last_name"),
        "title": person.get("title"),
        "seniority": person.get("seniority"),
        "linkedin_url": person.get("linkedin_url"),
        "city": person.get("city"),
        "country": person.get("country"),
        "timezone": _timezone(person.get("time_zone")),
        "phone": _phone(person),
        "company": _of(organization, "name") or person.get("organization_name"),
        "company_domain": _domain(organization),
        "website": _of(organization, "website_url"),
        "industry": _of(organization, "industry"),
    }
    fields: dict[str, Any] = {name: text for name, value in texts.items() if (text := _line(value, name))}
    size = _of(organization, "estimated_num_employees")
    if isinstance(size, int) and not isinstance(size, bool) and 0 < size <= SIZE_MAX:
        fields["company_size"] = size
    if "email" in fields:
        status = str(person.get("email_status") or "").lower().replace("_", " ")
        fields["verification"] = VERIFICATION.get(status, "unknown")
        fields["is_catch_all"] = person.get("email_domain_catchall") is True
    return fields


def mapped(person: Mapping[str, Any], *, excludes_catch_all: bool) -> Mapped:
    """The person's fields, or why they cannot become a lead."""
    fields = fields_of(person)
    if person.get("email_unsubscribed") is True:
        return Mapped(fields, RecordProblem.UNSUBSCRIBED)
    if "email" not in fields:
        return Mapped(fields, RecordProblem.EMAIL_LOCKED if person.get("email_locked") else RecordProblem.NO_EMAIL)
    if excludes_catch_all and fields["is_catch_all"]:
        return Mapped(fields, RecordProblem.CATCH_ALL_EXCLUDED)
    return Mapped(fields)


def _emptied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _emptied(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_emptied(each) for each in value]
    return None if is_locked(value) else value


def _of(organization: Any, name: str) -> Any:
    return organization.get(name) if isinstance(organization, dict) else None


def _line(value: Any, name: str) -> str:
    if not isinstance(value, str) or is_locked(value):
        return ""
    visible = (c if c.isprintable() and c != "\N{REPLACEMENT CHARACTER}" else " " for c in value)
    line = " ".join("".join(visible).split())
    return line[: LONGEST.get(name)]


def _timezone(value: Any) -> Any:
    return value if isinstance(value, str) and value in known_zones() else None


def _phone(person: Mapping[str, Any]) -> Any:
    """The person's own number; that of the switchboard is the company's."""
    numbers = person.get("phone_numbers")
    if not isinstance(numbers, list):
        return None
    return next((_of(each, "sanitized_number") or _of(each, "raw_number") for each in numbers), None)


def _domain(organization: Any) -> Any:
    domain = _of(organization, "primary_domain")
    website = _of(organization, "website_url")
    if not domain and isinstance(website, str):
        try:
            domain = urlsplit(website if "//" in website else f"//{website}").hostname
        except ValueError:
            domain = None
    return domain.lower().removeprefix("www.") if isinstance(domain, str) else None
