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
    return base if not _is_taken(base) else f"{base}-{_free_number(base)}"


def _free_number(base: str) -> int:
    """One whose predecessor is taken, found with few questions also where thousands are."""
    taken, free = 1, 2
    while _is_taken(f"{base}-{free}"):
        taken, free = free, free * 2
    while free - taken > 1:
        middle = (taken + free) // 2
        taken, free = (middle, free) if _is_taken(f"{base}-{middle}") else (taken, middle)
    return free


def _is_taken(slug: str) -> bool:
    living, dead = Campaign.objects.filter(campaign_id=slug), CampaignTombstone.objects.filter(campaign_slug=slug)
    return living.exists() or dead.exists()
