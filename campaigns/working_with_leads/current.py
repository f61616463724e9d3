"""The campaign that a note or a status is about where nobody says."""

from campaigns.models import Campaign, Recipient
from campaigns_project.errors import Refused
from leads.models import Lead


def latest_campaign(lead: Lead) -> Campaign | None:
    """The one that `lead` was put into last, of those that are not being deleted; None for somebody in none."""
    latest = Recipient.objects.living().filter(lead=lead).select_related("campaign").order_by("-created_at", "-pk")
    found = latest.first()
    return found.campaign if found else None


def campaign_for(lead: Lead, asked: Campaign | None) -> Campaign | None:
    """`asked`, or else the latest. Refused where it is another organization's."""
    if asked is None:
        return latest_campaign(lead)
    if asked.organization_id != lead.organization_id:
        message = f"Campaign {asked.pk} belongs to another organization than lead {lead.pk}."
        raise Refused("other_organization", message, "Name a campaign of the lead's own.", {"field": "campaign"})
    return asked
