"""Pause: by a person, or by the system with the reason."""

from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns.lifecycle.end import close_job
from campaigns.lifecycle.transitions import move, move_by_system
from campaigns.models import Campaign, CampaignStatus, Message, MessageStatus
from campaigns_project.audit.actors import Actor


@transaction.atomic
def pause(*, campaign: Campaign, actor: Actor, now: datetime, reason: str = "") -> Campaign:
    """No mail leaves after this but those already at a mail server. StateConflict unless the campaign is running."""
    fields: dict[str, Any] = {"paused_at": now, "status_message": f"Paused by {actor.name}."}
    paused = move(campaign, "pause", to=CampaignStatus.PAUSED, actor=actor, now=now, reason=reason, **fields)
    close_job(paused, now)
    return paused


def may_still_go(campaign: Campaign) -> int:
    """How many mails are at a mail server at this moment: after a pause these, and no others, may still arrive."""
    return Message.objects.filter(recipient__campaign=campaign, status=MessageStatus.SENDING).count()


def still_going(count: int) -> str:
    """The same in words; empty for none."""
    if not count:
        return ""
    return f"Up to {count:,} mail{'s' if count > 1 else ''} at the mail server now may still arrive."


@transaction.atomic
def pause_by_system(*, campaign_id: int, code: str, message: str, now: datetime, error: str = "") -> bool:
    """The system holds a running or scheduled campaign for a person to look at; False when it was neither any more.

    `code` is the reason (a PauseCode), `message` the sentence operators read.
    """
    movable = Campaign.objects.living().filter(
        pk=campaign_id, status__in=[CampaignStatus.RUNNING, CampaignStatus.SCHEDULED]
    )
    to = CampaignStatus.PAUSED
    campaign = move_by_system(
        movable, to=to, code=code, message=message, error=error, now=now, paused_at=now, scheduled_at=None
    )
    if campaign is None:
        return False
    close_job(campaign, now)
    return True
