"""A campaign by what people call it."""

from django.db.models import Q

from campaigns.models import Campaign, CampaignTombstone
from campaigns.models.campaign import CampaignQuerySet
from campaigns_project.errors import NotFound, Refused


def find_campaign(text: str) -> Campaign:
    """The living campaign with this number, campaign ID (slug) or name; NotFound, or Refused for a name of several."""
    return _find(text, Campaign.objects.living())


def find_deletable(text: str) -> Campaign:
    """The same among all that are still there, those whose deletion is under way too."""
    return _find(text, Campaign.objects.all())


def _find(text: str, campaigns: CampaignQuerySet) -> Campaign:
    campaigns = campaigns.select_related("organization")
    if text.isdecimal():
        found = list(campaigns.filter(pk=int(text))) if len(text) < 19 else []
    else:
        found = list(campaigns.filter(campaign_id=text)) or list(campaigns.filter(name=text)[:10])
    if not found:
        raise _not_found(text)
    if len(found) > 1:
        numbers = ", ".join(str(campaign.pk) for campaign in found)
        raise Refused(
            "campaign_ambiguous", f"{len(found)} campaigns are called “{text}”: {numbers}.", "Give the number."
        )
    return found[0]


def _not_found(text: str) -> NotFound:
    """Of one that was deleted the tombstone tells."""
    number = int(text) if text.isdecimal() and len(text) < 19 else 0
    tombstone = CampaignTombstone.objects.filter(Q(pk=number) | Q(campaign_slug=text)).first()
    if tombstone is None:
        return NotFound("campaign_not_found", f"There is no campaign “{text}”.", "Give its number, ID or exact name.")
    told = f"Campaign {tombstone.pk} “{tombstone.name}” was deleted on {tombstone.deleted_at:%Y-%m-%d at %H:%M UTC}"
    return NotFound("campaign_deleted", f"{told} by {tombstone.deleted_by}.", "It cannot come back.")
