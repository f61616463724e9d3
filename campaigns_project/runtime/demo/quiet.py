"""Bringing the demo to rest, so that it can be erased."""

from datetime import datetime

from campaigns import lifecycle
from campaigns.models import Campaign, CampaignStatus
from campaigns_project.audit.actors import Actor


def pause_the_demo(*, actor: Actor, now: datetime) -> int:
    """Pause whatever runs in organizations that the demo made; returns how many campaigns that were."""
    running = Campaign.objects.living().filter(organization__is_demo=True, status=CampaignStatus.RUNNING)
    found = list(running.order_by("pk"))
    for campaign in found:
        lifecycle.pause(campaign=campaign, actor=actor, now=now, reason="The demo is left.")
    return len(found)
