"""A campaign by what people call it."""

from campaigns.models import Campaign
from campaigns_project.errors import NotFound, Refused


def find_campaign(text: str) -> Campaign:
    """The living campaign with this number, campaign ID (slug) or name; NotFound, or Refused for a name of several."""
    campaigns = Campaign.objects.living().select_related("organization")
    if text.isdecimal():
        found = list(campaigns.filter(pk=int(text))) if len(text) < 19 else []
    else:
        found = list(campaigns.filter(campaign_id=text)) or list(campaigns.filter(name=text)[:10])
    if not found:
        raise NotFound("campaign_not_found", f"There is no campaign “{text}”.", "Give its number, ID or exact name.")
    if len(found) > 1:
        numbers = ", ".join(str(campaign.pk) for campaign in found)
        raise Refused(
            "campaign_ambiguous", f"{len(found)} campaigns are called “{text}”: {numbers}.", "Give the number."
        )
    return found[0]
