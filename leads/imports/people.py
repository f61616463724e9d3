"""Who an address stands for: the lead that another was merged into, or a person who was erased and stays away."""

from django.db.models import F

from campaigns_project.accounts.models import Organization
from leads.models import LeadAlias, Suppression
from leads.suppression import hashes_of


class People:
    """What an organization knows of addresses, read once and brought up to date by `refresh`, which is quick.

    Few leads are merged and few people erased: both are held in memory.
    """

    def __init__(self, organization: Organization):
        self._organization = organization
        self._is_newer = False
        self._forget()
        self._read()

    def refresh(self) -> bool:
        """Read what is new; whether there was anything since the beginning, so that what was checked may be outdated.

        Rows are checked ahead: what is read here may be news to the next chunks as well.
        """
        if self._read():
            self._is_newer = True
        return self._is_newer

    def read_anew(self) -> None:
        """Forget everything and read it again: a lead that is removed takes its aliases along."""
        self._is_newer = True
        self._forget()
        self._read()

    def _forget(self) -> None:
        self._aliases: dict[str, str] = {}
        self._erased: set[str] = set()
        self._last_alias = self._last_erasure = 0

    def _read(self) -> bool:
        aliases = LeadAlias.objects.for_organization(self._organization).filter(pk__gt=self._last_alias)
        erased = Suppression.objects.for_organization(self._organization).filter(pk__gt=self._last_erasure)
        found = False
        for pk, old, kept in aliases.order_by("pk").values_list("pk", "email_normalized", F("lead__email_normalized")):
            self._aliases[old], self._last_alias, found = kept, pk, True
        for pk, digest in erased.exclude(address_hash="").order_by("pk").values_list("pk", "address_hash"):
            self._erased.add(digest)
            self._last_erasure, found = pk, True
        return found

    def canonical(self, address: str) -> str:
        """The address of the lead that a normalized address means; a lead merged twice is followed to the last."""
        if address not in self._aliases:
            return address
        seen = set()
        while address in self._aliases and address not in seen:
            seen.add(address)
            address = self._aliases[address]
        return address

    def is_erased(self, address: str) -> bool:
        """Whether the person of a normalized address was erased."""
        return bool(self._erased) and not self._erased.isdisjoint(hashes_of(self._organization.pk, address))
