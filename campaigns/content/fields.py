"""The merge fields a template may use, and what to say about one that is not known."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

LEAD_FIELDS = frozenset(
    {"first_name", "last_name", "full_name", "email", "company", "title", "phone", "website", "linkedin_url"}
    | {"city", "country", "seniority", "industry", "company_domain"}
)
MAIL_FIELDS = frozenset({"sender_name", "sender_email", "unsubscribe_url", "organization_name", "postal_address"})
CUSTOM_PREFIX = "custom."
ANY_CUSTOM = "custom.*"
KNOWN_FIELDS = LEAD_FIELDS | MAIL_FIELDS | {ANY_CUSTOM}


@dataclass(frozen=True, slots=True)
class UnknownField:
    """A field no recipient has; `suggestion` is the nearest known one, or empty."""

    name: str
    suggestion: str = ""

    def __str__(self) -> str:
        return f"Unknown field {self.name}." + (f" Did you mean {self.suggestion}?" if self.suggestion else "")


def unknown_among(names: Iterable[str], known: Collection[str] = KNOWN_FIELDS) -> list[UnknownField]:
    """Those of `names` that are not in `known`, by name. `custom.*` in `known` stands for every custom field."""
    unknown = sorted(name for name in set(names) if not _is_known(name, known))
    return [UnknownField(name, _nearest(name, known)) for name in unknown]


def _is_known(name: str, known: Collection[str]) -> bool:
    custom = name.startswith(CUSTOM_PREFIX) and name != CUSTOM_PREFIX and ANY_CUSTOM in known
    return name in known or custom


def _nearest(name: str, known: Collection[str]) -> str:
    candidates = sorted(set(known) - {ANY_CUSTOM})
    tidy = name.strip().lower().replace("-", "_").replace(" ", "_")
    return next(iter(get_close_matches(tidy[:100], candidates, n=1, cutoff=0.6)), "")
