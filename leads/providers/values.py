"""What a provider answers, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import models

Filters = Mapping[str, Any]
# Where to go on, as JSON: kept with the job, so that a fetch that was broken off goes on there. None: from the start.
Cursor = dict[str, Any]


class RecordProblem(models.TextChoices):
    """Why a person that a provider found cannot become a lead."""

    EMAIL_LOCKED = "email_locked", "The provider has an address and did not hand it out"
    NO_EMAIL = "no_email", "The provider knows no address"
    NOT_FOUND = "not_found", "Asked for the person's data, the provider found nothing"
    PURCHASE_UNCLEAR = "purchase_unclear", "The provider was asked and its answer got lost; not asked again by itself"
    CATCH_ALL_EXCLUDED = "catch_all_excluded", "The server takes any address, and the search leaves such people out"
    UNSUBSCRIBED = "unsubscribed_at_provider", "Unsubscribed from mails that were sent through the provider"
    ERASED = "erased_person", "The person was erased here"


@dataclass(frozen=True)
class Mapped:
    """A payload in our words: values by field of a lead, or why there can be none."""

    fields: dict[str, Any] = field(default_factory=dict)
    problem: RecordProblem | None = None


@dataclass(frozen=True)
class RawRecord:
    """One person as the provider told of them; the same payload gives the same `fields` or `problem` at any time.

    `external_id` is what the provider calls the person. `payload` is to be kept as raw lead; placeholders for addresses
    that were not paid for are taken out of it, everything else is as it came.
    """

    external_id: str
    payload: dict[str, Any]
    fields: dict[str, Any] = field(default_factory=dict)
    problem: RecordProblem | None = None


class FetchEnd(models.TextChoices):
    """Why there is no further page."""

    COUNT_REACHED = "count_reached", "As many as were asked for"
    NO_MORE = "no_more", "The search has no more people"
    CREDIT_LIMIT = "credit_limit", "The credits that may be spent are spent"
    WINDOW = "window", "The provider shows no more of one search; narrow it to reach the others"


@dataclass(frozen=True)
class Page:
    """Some records, and where to go on; `end` says why where `next_cursor` is None.

    `total` is how many people the provider says there are, `credits` what this page cost as it counted.
    """

    records: Sequence[RawRecord]
    next_cursor: Cursor | None
    total: int | None = None
    credits: Decimal = Decimal(0)
    end: FetchEnd | None = None


class UnmappedReason(models.TextChoices):
    """Why a part of a search address cannot be asked of the provider's API."""

    UNKNOWN = "unknown", "It is not known to us"
    NOT_IN_API = "not_in_api", "The provider's API has no such filter"
    BAD_VALUE = "bad_value", "Its value cannot be read"
    OTHER_SEARCH = "other_search", "It does not go with the rest of the search"


@dataclass(frozen=True)
class Unmapped:
    """A filter of a search address that will not count: the result is broader than what the address shows."""

    key: str
    value: str
    why: UnmappedReason

    @property
    def text(self) -> str:
        """How it is acknowledged: `key=value`."""
        return f"{self.key}={self.value}"

    def as_json(self) -> dict[str, str]:
        """Plain values, for the API and to be kept."""
        return {"key": self.key, "value": self.value, "why": self.why, "text": self.text, "message": self.why.label}


@dataclass(frozen=True)
class LeadSource:
    """What to look for: made by `leads.providers.sources.read_source`, kept as JSON with the campaign."""

    provider: str
    filters: dict[str, Any]
    count: int
    url: str = ""
    unmapped: Sequence[Unmapped] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values, for the API and to be kept."""
        return {
            "provider": self.provider,
            "url": self.url,
            "filters": self.filters,
            "count": self.count,
            "unmapped": [each.as_json() for each in self.unmapped],
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "LeadSource":
        """The source that `as_json` made this of."""
        unmapped = [Unmapped(each["key"], each["value"], UnmappedReason(each["why"])) for each in kept["unmapped"]]
        return cls(kept["provider"], dict(kept["filters"]), kept["count"], kept["url"], unmapped)


@dataclass(frozen=True)
class Found:
    """What a search finds, asked without paying: `total` people, of whom `count` would be fetched for `about_credits`.

    `capped_at` is set where the provider shows only so many of them.
    """

    total: int
    count: int
    about_credits: int
    unmapped: Sequence[Unmapped] = ()
    capped_at: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values, for the API."""
        return {
            "total": self.total,
            "count": self.count,
            "about_credits": self.about_credits,
            "unmapped": [each.as_json() for each in self.unmapped],
            "capped_at": self.capped_at,
        }


@dataclass(frozen=True)
class Bought:
    """What became of asking for one person; `status` is a PurchaseStatus, `payload` None unless found."""

    status: str
    payload: dict[str, Any] | None = None
    credits: Decimal | None = None
