"""Schedule a start, take it back, and start what has come due."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, transaction

from campaigns import preflight
from campaigns.errors import PauseCode, PreflightNeeded, SnapshotChanged, StartRefused, StateConflict
from campaigns.lifecycle.begin import start
from campaigns.lifecycle.hold import pause_by_system
from campaigns.lifecycle.transitions import move, reread
from campaigns.locks import is_audience_free, take_audience
from campaigns.models import Campaign, CampaignStatus
from campaigns_project.audit.actors import SYSTEM, Actor
from campaigns_project.errors import NotFound, Refused

logger = logging.getLogger(__name__)

# A campaign whose hour passed while the system was down starts late, but not more than this: then a person decides.
TOO_LATE = timedelta(days=1)
AT_ONCE = 500  # mails made by the tick itself, which has other duties; more are a job's


def schedule(*, campaign: Campaign, at: datetime, actor: Actor, now: datetime, reason: str = "") -> Campaign:
    """Start by itself at `at` (aware). Refused for the past, and for what the quick check finds now.

    Every mail is made when the hour has come: by a job before that where it takes one.
    """
    campaign = reread(campaign, "schedule")
    if at <= now:
        raise Refused(
            "time_in_the_past", f"{at:%d %b %Y %H:%M %Z} has passed already.", "Choose a time to come, or start now."
        )
    blocking = [problem.as_dict() for problem in preflight.check(campaign)]
    if blocking:
        raise StartRefused(blocking)
    fields: dict[str, Any] = {"scheduled_at": at}
    return move(campaign, "schedule", to=CampaignStatus.SCHEDULED, actor=actor, now=now, reason=reason, **fields)


def unschedule(*, campaign: Campaign, actor: Actor, now: datetime, reason: str = "") -> Campaign:
    """Back to a draft."""
    fields: dict[str, Any] = {"scheduled_at": None}
    return move(campaign, "unschedule", to=CampaignStatus.DRAFT, actor=actor, now=now, reason=reason, **fields)


def start_due(*, now: datetime) -> int:
    """Start the scheduled campaigns whose hour has come; returns how many started.

    One that cannot start, or is more than a day late, is paused with the reason instead of being tried for ever. A
    large one that was not checked as it is now stays scheduled while a job does that, and then starts.
    """
    due = Campaign.objects.living().filter(status=CampaignStatus.SCHEDULED, scheduled_at__lte=now)
    return sum(_contained(campaign, now) for campaign in due.select_related("organization"))


def _contained(campaign: Campaign, now: datetime) -> bool:
    """What is wrong with one campaign must not keep the others from starting at their hour."""
    try:
        return _start_or_pause(campaign, now)
    except DatabaseError:
        raise  # nobody's fault here: asked again in a second
    except Exception as error:
        logger.exception("campaign %s cannot be started", campaign.pk)
        message = "The start broke off by a fault of the system; its log says more. Resume to try again."
        _refuse(campaign, message, type(error).__name__, now)
        return False


def _start_or_pause(campaign: Campaign, now: datetime) -> bool:
    if campaign.scheduled_at is not None and now - campaign.scheduled_at > TOO_LATE:
        message = (
            f"The start at {campaign.scheduled_at:%d %b %Y %H:%M %Z} was missed by more than a day. Resume to start."
        )
        pause_by_system(campaign_id=campaign.pk, code=PauseCode.MISSED_SCHEDULE, message=message, now=now)
        return False
    if preflight.open_check(campaign) is not None or not is_audience_free(campaign.organization_id):
        return False  # a job makes its mails just now, or somebody enrolls; asked again in a second
    try:
        report = preflight.required(campaign, now=now, at_once=AT_ONCE)
        return _start(campaign, report, now)
    except (StateConflict, SnapshotChanged, NotFound):
        return False  # somebody was faster: started, unscheduled, stopped, edited or deleted it
    except PreflightNeeded:
        return _check_first(campaign, now)
    except StartRefused as refused:
        _refuse(campaign, str(refused), refused.code, now)
        return False


@transaction.atomic
def _start(campaign: Campaign, report: preflight.Report, now: datetime) -> bool:
    # Whoever has the lock may have it for minutes, and the tick has other duties: asked again in a second.
    if not take_audience(campaign.organization_id):
        return False
    start(campaign=campaign, actor=SYSTEM, now=now, reason="scheduled", report=report)
    return True


def _check_first(campaign: Campaign, now: datetime) -> bool:
    """Have a job make the mails; once only, should that break off."""
    broken = preflight.broken_check(campaign)
    if broken is None:
        preflight.queue_check(campaign, actor=SYSTEM, now=now)
    else:
        _refuse(campaign, f"The pre-flight check could not be made. {broken.error_message}", "check_failed", now)
    return False


def _refuse(campaign: Campaign, message: str, error: str, now: datetime) -> None:
    pause_by_system(campaign_id=campaign.pk, code=PauseCode.START_REFUSED, message=message, now=now, error=error)
