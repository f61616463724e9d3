"""The class every provider is, and the journal it is handed."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Protocol

from leads.providers.errors import Heard
from leads.providers.values import Bought, Cursor, Filters, Found, LeadSource, Mapped, Page, Unmapped


class Purchases(Protocol):
    """The journal of what was paid for, of one fetch; see `leads.providers.purchases`."""

    def left(self) -> Decimal | None:
        """Credits that may still be spent; None where nobody set a limit."""

    def known(self, external_ids: Sequence[str]) -> dict[str, Bought]:
        """What became of those who were asked for before, in whatever fetch of the organization.

        ProviderLimited where another fetch is asking for one of them at this moment.
        """

    def ask(self, external_ids: Sequence[str]) -> None:
        """Note, before the call, that these people are asked for, none of whom is known."""

    def answer(self, bought: Mapping[str, Bought]) -> None:
        """Note what the call gave."""

    def take_back(self, external_ids: Sequence[str]) -> None:
        """The call was refused before anything was bought: as if never asked."""

    def lose(self, external_ids: Sequence[str]) -> None:
        """The call may have bought them, and nobody knows."""


class LeadProvider(ABC):
    """A service that finds people. It sees no models and no settings: `registry` hands it what it needs."""

    name: ClassVar[str]
    label: ClassVar[str]

    @abstractmethod
    def __init__(self, *, api_key: str, purchases: Purchases, heard: Heard, **options: Any):
        """`options` are those that the registry takes from the settings for this provider."""

    @classmethod
    @abstractmethod
    def read(cls, *, url: str, filters: Filters, today: date) -> tuple[dict[str, Any], list[Unmapped]]:
        """The filters to ask with, from an address of its search page and filters by name, and what was not mapped.

        SourceRefused for an address that is none of its search, and for a filter by name that is unknown or cannot be
        read: whoever wrote it can mend it.
        """

    @classmethod
    @abstractmethod
    def map(cls, payload: Mapping[str, Any], *, filters: Filters) -> Mapped:
        """A record's payload in our words; no network, and the same answer at any time."""

    @abstractmethod
    def check(self) -> None:
        """Ask whether the key is good; KeyRefused where not, another ProviderRefused where that cannot be told."""

    @abstractmethod
    def preview(self, source: LeadSource) -> Found:
        """How many there are and what they would cost; costs nothing itself."""

    @abstractmethod
    def fetch(self, source: LeadSource, cursor: Cursor | None) -> Page:
        """The next people. May be asked again with the same cursor: what was bought is not bought again.

        ProviderLimited when it is to be asked later, another ProviderRefused when it said no.
        """
