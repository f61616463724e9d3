"""People as somebody names them: by the numbers of leads, or by their addresses."""

from collections.abc import Iterable

from django.db.models import Q

from campaigns_project.accounts.models import Organization
from campaigns_project.errors import NotFound
from leads.addresses import stored_form
from leads.models import Lead, LeadAlias

LONGEST_NUMBER = 18  # digits that always fit a bigint
TOLD = 5  # that are named in the refusal


def leads_named(organization: Organization, names: Iterable[str]) -> list[int]:
    """The numbers of these leads; an address may be one that a merged lead had. NotFound tells whom it cannot find."""
    wanted = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    numbers = {int(name) for name in wanted if _is_number(name)}
    addresses = {stored_form(name) for name in wanted if not _is_number(name)}
    own = Lead.objects.for_organization(organization)
    found = own.filter(Q(pk__in=numbers) | Q(email_normalized__in=addresses)).values_list("pk", "email_normalized")
    by_number = {number for number, _ in found}
    by_address = {address: number for number, address in found}
    merged = LeadAlias.objects.for_organization(organization).filter(email_normalized__in=addresses)
    by_address |= {
        address: number
        for address, number in merged.values_list("email_normalized", "lead")
        if address not in by_address
    }
    missing = [name for name in wanted if _number_of(name, by_number, by_address) is None]
    if missing:
        named = ", ".join(f"“{name[:80]}”" for name in missing[:TOLD]) + (" and others" if len(missing) > TOLD else "")
        message = f"There is no lead {named} in {organization}; nothing was changed."
        raise NotFound("lead_not_found", message, "Give numbers of leads, or their addresses.", {"field": "leads"})
    return sorted({number for name in wanted if (number := _number_of(name, by_number, by_address)) is not None})


def _number_of(name: str, by_number: set[int], by_address: dict[str, int]) -> int | None:
    if _is_number(name):
        return int(name) if int(name) in by_number else None
    return by_address.get(stored_form(name))


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) <= LONGEST_NUMBER
