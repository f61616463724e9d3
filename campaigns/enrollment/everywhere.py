"""Take one person out of every campaign at a person's word; the address may be written to as before."""

from datetime import datetime

from django.db import transaction

from campaigns.enrollment.stop import stop_recipients
from campaigns.models import ExitReason, Recipient
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from leads.models import Lead


@transaction.atomic
def de_enroll_everywhere(*, lead: Lead, actor: Actor, now: datetime, reason: str = "") -> int:
    """Returns how many campaigns `lead` left; 0, and nothing done, for somebody who is in none."""
    inside = Recipient.objects.living().inside().filter(lead=lead)
    left = stop_recipients(list(inside.values_list("pk", flat=True)), reason=ExitReason.DE_ENROLLED, at=now)
    if left:
        record(
            action="lead.de_enrolled",
            entity=lead,
            organization_id=lead.organization_id,
            actor=actor,
            after={"campaigns": left},
            reason=reason,
        )
    return left
