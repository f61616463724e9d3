"""People who were merged have several addresses: a no to one is a no to all, and no second lead is made of any."""

from collections.abc import Iterable

from campaigns_project.accounts.models import Organization
from campaigns_project.errors import StateRefused
from leads.models import Lead, LeadAlias, SuppressionReason

# In the place of an address that a later lead had as well: nobody can have this one (RFC 2606).
GIVEN_UP = "lead-{}@merged.invalid"
_GIVEN_UP_END = GIVEN_UP.partition("@")[2]


def also_theirs(organization: Organization, targets: Iterable[str], reason: SuppressionReason) -> set[str]:
    """The other addresses of the people behind the normalized addresses among `targets`, those they had included.

    None for a hard bounce: that an address is dead says nothing of the person's others. Nor does a domain.
    """
    if reason == SuppressionReason.HARD_BOUNCE:
        return set()
    asked = {target for target in targets if "@" in target}
    found, latest = set(asked), asked
    while latest:
        latest = _beside(organization, latest) - found
        found |= latest
    return set(filter(_is_somebodys, found - asked))


def addresses_of(lead: Lead) -> set[str]:
    """Normalized: that of the lead, and those of leads that were merged into it."""
    earlier = lead.aliases.values_list("email_normalized", flat=True)
    return {lead.email_normalized, *filter(_is_somebodys, earlier)}


def _is_somebodys(address: str) -> bool:
    return not address.endswith(f"@{_GIVEN_UP_END}")


def _beside(organization: Organization, addresses: set[str]) -> set[str]:
    """Both sides of every merge that one of `addresses` was in."""
    own = LeadAlias.objects.for_organization(organization)
    old = own.filter(email_normalized__in=addresses)
    # With the organization once more: the index on the address of a lead begins with it.
    kept = own.filter(lead__organization=organization, lead__email_normalized__in=addresses)
    both = ("email_normalized", "lead__email_normalized")
    pairs = old.values_list(*both).union(kept.values_list(*both)).order_by()
    return {address for pair in pairs for address in pair}


def require_not_merged(organization_id: int, address: str, *, lead_id: int = 0) -> None:
    """Refused with `merged_address` where the normalized `address` was that of a lead that was merged into another.

    `lead_id` is the lead that is to have the address, 0 for a new one: its own earlier one it may take back.
    """
    aliases = LeadAlias.objects.filter(organization_id=organization_id, email_normalized=address)
    alias = aliases.exclude(lead_id=lead_id).select_related("lead").first()
    if alias is None:
        return
    raise StateRefused(
        "merged_address",
        f"This address belongs to lead {alias.lead_id}, {alias.lead.email}: the two were merged.",
        "Work with that lead; a second one would get the same mails again.",
        {"field": "email", "lead": alias.lead_id},
    )
