"""Leads that a campaign counts on stay."""

from campaigns.models import Campaign
from campaigns_project.errors import Refused, StateRefused
from leads.models import Lead

NAMED = 5  # campaigns that the sentence lists; the details have them all


def keep_enrolled(lead: Lead) -> Refused | None:
    """The refusal to delete a lead that is or was in a campaign: its mails would vanish from the campaign's counts."""
    campaigns = Campaign.objects.living().filter(recipients__lead=lead).order_by("pk")
    ids = list(campaigns.values_list("pk", flat=True))
    if not ids:
        return None
    named = ", ".join(map(str, ids[:NAMED])) + (" and others" if len(ids) > NAMED else "")
    return StateRefused(
        "lead_in_campaign",
        f"Lead {lead.pk} is in {'campaign' if len(ids) == 1 else 'campaigns'} {named}, whose counts it belongs to.",
        "To write to this person no more, suppress the address; to end a sequence, de-enroll the recipient.",
        {"campaigns": ids},
    )
