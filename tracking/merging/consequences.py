"""Out means out: what was said of either address holds for the person."""

from datetime import datetime

from django.db.models import Q

from campaigns.enrollment import stop_leads, stop_recipients
from campaigns.models import ExitReason, Recipient, RecipientStatus
from campaigns_project.audit.actors import Actor
from leads.addresses import domain_of
from leads.models import Lead, LeadStatus, Suppression, SuppressionReason
from leads.suppression import suppress

_WEIGHT = {LeadStatus.COMPLAINED: 2, LeadStatus.UNSUBSCRIBED: 1}


def carry_suppressions(*, keep: Lead, other: Lead, carried: list[Suppression], actor: Actor, now: datetime) -> None:
    """Both addresses get whatever forbids writing to one of them, in the same scope and for the same time."""
    for suppression in carried:
        for lead, source in ((keep, other), (other, keep)):
            if suppression.address not in {lead.email_normalized, domain_of(lead.email_normalized)}:
                # Never beside what is there: an entry that is over, or ends earlier, would have its way otherwise.
                suppress(
                    organization=lead.organization,
                    address=lead.email_normalized,
                    reason=SuppressionReason(suppression.reason),
                    source=f"merged with lead {source.pk}",
                    campaign_id=suppression.campaign_id,
                    expires_at=suppression.expires_at,
                    actor=actor,
                    at=now,
                    is_stored=True,
                )
    heavier = _WEIGHT.get(LeadStatus(other.status), 0) > _WEIGHT.get(LeadStatus(keep.status), 0)
    if heavier:
        Lead.objects.filter(pk=keep.pk).update(status=other.status)


def stop_where_forbidden(*, keep: Lead, now: datetime) -> None:
    """Whoever may not be written to leaves what came with the merge as well, a dead address included."""
    targets = [keep.email_normalized, domain_of(keep.email_normalized)]
    unexpired = Q(expires_at=None) | Q(expires_at__gt=now)
    own = Suppression.objects.for_organization(keep.organization).exclude(address="")
    for found in own.filter(unexpired, address__in=targets):
        if found.campaign_id is None:
            stop_leads([keep.pk], SuppressionReason(found.reason), now)
        else:
            _stop_in(keep, found.campaign_id, now)


def _stop_in(keep: Lead, campaign_id: int, now: datetime) -> None:
    inside = Recipient.objects.filter(lead=keep, campaign=campaign_id, status__in=RecipientStatus.IN)
    stop_recipients(list(inside.values_list("pk", flat=True)), reason=ExitReason.SUPPRESSED, at=now)
