"""What can be suppressed: an address, or a domain with everybody under exactly that name."""

from django.db.models import Q, QuerySet

from campaigns_project.accounts.models import Organization
from campaigns_project.errors import Refused
from leads.addresses import normalize_address
from leads.models import Lead


def normalize_target(text: str) -> str:
    """The form a suppressed address or domain is kept in. Refused when `text` is neither.

    A domain covers the addresses under exactly that name: example.com says nothing of mail.example.com, which is
    another name with other mailboxes (and of a name such as co.uk or a mail provider's, everybody's).
    """
    text = text.strip().lower()
    if "@" in text.strip("@"):
        return normalize_address(text)
    domain = text.lstrip("@")
    try:
        return normalize_address(f"someone@{domain}").partition("@")[2]
    except Refused as error:
        message = f"“{text[:100]}” is neither an e-mail address nor a domain."
        raise Refused("invalid_domain", message, "Write it as ana@example.com or example.com.") from error


def people_of(organization: Organization, targets: list[str]) -> QuerySet[Lead]:
    """The leads whom these normalized addresses and domains are about; nobody where there are none."""
    addresses = [target for target in targets if "@" in target]
    domains = [target for target in targets if "@" not in target]
    # Both named always: a condition left out would stand for everybody.
    asked = Q(email_normalized__in=addresses) | Q(domain__in=domains)
    return Lead.objects.for_organization(organization).filter(asked)
