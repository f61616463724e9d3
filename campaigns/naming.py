"""Public names of campaigns."""

from django.utils.text import slugify

from campaigns.locks import hold_naming
from campaigns.models import Campaign, CampaignTombstone


def free_campaign_id(name: str) -> str:
    """A campaign ID made from `name` that no campaign has or ever had.

    Whoever asks next waits until this transaction ends, so that two are never given the same.
    """
    hold_naming()
    base = slugify(name)[:80].strip("-") or "campaign"
    if base.isdecimal():  # digits alone read like a campaign's number
        base = f"campaign-{base}"
    taken = set(Campaign.objects.filter(campaign_id__startswith=base).values_list("campaign_id", flat=True))
    taken |= set(
        CampaignTombstone.objects.filter(campaign_slug__startswith=base).values_list("campaign_slug", flat=True)
    )
    number = 2
    candidate = base
    while candidate in taken:
        candidate, number = f"{base}-{number}", number + 1
    return candidate
