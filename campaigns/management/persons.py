"""The person a command is about."""

from campaigns_project.accounts.finding import find_organization
from campaigns_project.errors import NotFound
from leads.addresses import normalize_address
from leads.models import Lead


def find_person(slug: str, address: str) -> Lead:
    """The lead of the organization with this address, however it is written; NotFound where there is none."""
    organization = find_organization(slug)
    lead = Lead.objects.for_organization(organization).filter(email_normalized=normalize_address(address)).first()
    if lead is None:
        raise NotFound("not_found", f"{organization} has no lead {address}.", "A merged lead has the address it kept.")
    return lead
