"""Acts on many leads at once that are more than a statement."""

import re
from datetime import datetime

from django.db import transaction

from campaigns_project.accounts.models import Organization, User
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import Subject, record
from campaigns_project.errors import NotConfirmed, Refused
from leads.models import LeadQuerySet, SuppressionReason
from leads.suppression import suppress

MOST_SUPPRESSED = 1_000  # each takes its locks and leaves its line in the audit log: more would hold up the sending
MOST_UNCONFIRMED = 100  # of a list that somebody looks at; to mean more than that their number has to be typed
_BETWEEN_DIGITS = re.compile(r"[\s,.']")


def require_meant(*, number: int, typed: str, reason: str) -> None:
    """Refused (`wrong_number`, `reason_missing`) unless all `number` leads are meant: more than MOST_UNCONFIRMED are
    confirmed by exactly their number, as it is now, and a reason."""
    if number <= MOST_UNCONFIRMED:
        return
    if _BETWEEN_DIGITS.sub("", typed) != str(number):
        raise NotConfirmed(
            "wrong_number",
            f"This is about {number:,} leads now, and another number was typed.",
            f"Look whom it is about; if all are meant, type {number:,}.",
            {"field": "confirm_number", "leads": number},
        )
    if not reason.strip():
        message = f"To suppress more than {MOST_UNCONFIRMED:,} leads needs a reason."
        raise Refused("reason_missing", message, "It is kept in the audit log: say why.", {"field": "reason"})


@transaction.atomic
def suppress_leads(
    *,
    organization: Organization,
    leads: LeadQuerySet,
    source: str,
    actor: Actor,
    created_by: User | None,
    at: datetime,
    reason: str = "",
) -> int:
    """Never write to any of `leads` again; how many they are. All of them or, refused, none.

    A `reason` is kept in the audit log, once for all of them.
    """
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
    if reason.strip():
        record(
            action="leads.suppressed",
            entity=Subject("lead"),
            organization_id=organization.pk,
            actor=actor,
            after={"number": len(addresses)},
            reason=reason.strip(),
        )
    return len(addresses)
