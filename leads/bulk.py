"""Acts on many leads at once that are more than a statement."""

from datetime import datetime

from django.db import transaction

from campaigns_project.accounts.models import Organization, User
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import Refused
from leads.models import LeadQuerySet, SuppressionReason
from leads.suppression import suppress

MOST_SUPPRESSED = 1_000  # each takes its locks and leaves its line in the audit log: more would hold up the sending


@transaction.atomic
def suppress_leads(
    *, organization: Organization, leads: LeadQuerySet, source: str, actor: Actor, created_by: User | None, at: datetime
) -> int:
    """Never write to any of `leads` again; how many they are. All of them or, refused, none."""
    addresses = list(
        leads.for_organization(organization)
        .order_by("pk")
        .values_list("email_normalized", flat=True)[: MOST_SUPPRESSED + 1]
    )
    if len(addresses) > MOST_SUPPRESSED:
        raise Refused(
            "too_many_to_suppress",
            f"More than {MOST_SUPPRESSED:,} leads are meant.",
            "Suppress their domain, or fewer of them at a time.",
        )
    for address in addresses:
        suppress(
            organization=organization,
            address=address,
            reason=SuppressionReason.MANUAL,
            source=source,
            actor=actor,
            created_by=created_by,
            at=at,
            is_stored=True,
        )
    return len(addresses)
