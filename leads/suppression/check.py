"""May we write to these? Asked for any number of addresses and domains in one query."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from campaigns_project.accounts.models import Organization
from campaigns_project.errors import Refused
from leads.addresses import domain_of
from leads.models import Suppression
from leads.suppression.hashes import hashes_of
from leads.suppression.scopes import with_campaign_names
from leads.suppression.targets import normalize_target

INVALID = "invalid_address"


@dataclass(frozen=True)
class Checked:
    """The answer for one address or domain as it was asked; `suppression` is what forbids it, None also where it is
    neither.

    `code` is the reason of the suppression, `invalid_address`, or empty where it may be written to.
    """

    asked: str
    code: str = ""
    suppression: Suppression | None = None
    is_domain: bool = False
    target: str = ""  # the normalized address or domain; empty where it is neither

    @property
    def is_allowed(self) -> bool:
        return not self.code


def check(
    *, organization: Organization, addresses: Iterable[str], now: datetime, campaign_id: int | None = None
) -> list[Checked]:
    """Say of each address whether `organization` may write to it at `now`, in the order asked. Changes nothing.

    Of a domain it is said whether everybody there is suppressed; single addresses under it may be all the same. With a
    campaign, what is suppressed for that one alone counts too. Of several reasons the one that holds everywhere is
    given, and the address before its domain. Erased persons are known again by their hash.
    """
    normal = {asked: _normal(asked) for asked in addresses}
    known = _known(organization, {address for address in normal.values() if address}, campaign_id, now)
    return [_answer(asked, address, known, organization) for asked, address in normal.items()]


def held_back(*, organization: Organization, targets: Collection[str], now: datetime) -> dict[str, list[Suppression]]:
    """By normalized address or domain: what forbids it in single campaigns, which are named, while others may write."""
    wanted = {target: {target, domain_of(target) if "@" in target else target} for target in targets}
    own = Suppression.objects.for_organization(organization).filter(Q(expires_at=None) | Q(expires_at__gt=now))
    found = own.filter(campaign_id__isnull=False, address__in=set().union(*wanted.values()))
    by_address: dict[str, list[Suppression]] = defaultdict(list)
    for each in with_campaign_names(found).order_by("pk"):
        by_address[each.address].append(each)
    return {target: [one for address in sorted(ways) for one in by_address[address]] for target, ways in wanted.items()}


def _known(
    organization: Organization, addresses: Collection[str], campaign_id: int | None, now: datetime
) -> dict[str, Suppression]:
    """What is in force, by address, domain or hash; what holds everywhere covers what holds for the campaign."""
    targets = {target for address in addresses for target in (address, domain_of(address))}
    hashes = {one for address in addresses if "@" in address for one in hashes_of(organization.pk, address)}
    own = Suppression.objects.for_organization(organization).in_force(now, campaign_id=campaign_id)
    found = own.filter(Q(address__in=targets) | Q(address_hash__in=hashes))
    ordered = sorted(with_campaign_names(found), key=lambda each: each.campaign_id is None)
    return {each.address or each.address_hash: each for each in ordered}


def _answer(asked: str, target: str, known: dict[str, Suppression], organization: Organization) -> Checked:
    if not target:
        return Checked(asked, INVALID)
    is_domain = "@" not in target
    ways = (target,) if is_domain else (target, *hashes_of(organization.pk, target), domain_of(target))
    found = next((known[way] for way in ways if way in known), None)
    return Checked(asked, found.reason if found else "", found, is_domain, target)


def _normal(text: str) -> str:
    try:
        return normalize_target(text)
    except Refused:
        return ""
