"""Start and resume: from here on mail may leave."""

from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns import preflight
from campaigns.enrollment.first_due import set_first_due
from campaigns.errors import StartRefused
from campaigns.ledger import ledger
from campaigns.lifecycle.transitions import move, reread
from campaigns.locks import hold_audience
from campaigns.models import Campaign, CampaignStatus, Job, JobKind
from campaigns_project.audit.actors import Actor
from campaigns_project.states import ProgressStatus


def start(*, campaign: Campaign, actor: Actor, now: datetime, reason: str = "") -> Campaign:
    """Begin to send; the first mails leave as soon as a worker sees them.

    StateConflict when the state does not allow it; StartRefused with every blocking problem when pre-flight finds any.
    """
    return _begin(campaign, "start", actor=actor, now=now, reason=reason)


def resume(*, campaign: Campaign, actor: Actor, now: datetime, reason: str = "") -> Campaign:
    """Go on after a pause: what came due meanwhile goes first. Refused as `start`."""
    return _begin(campaign, "resume", actor=actor, now=now, reason=reason)


@transaction.atomic
def _begin(campaign: Campaign, verb: str, *, actor: Actor, now: datetime, reason: str) -> Campaign:
    hold_audience(campaign.organization_id)
    campaign = reread(campaign, verb)
    blocking = [problem.as_dict() for problem in preflight.check(campaign) if problem.blocks]
    if blocking:
        raise StartRefused(blocking)
    fields: dict[str, Any] = {"started_at": campaign.started_at or now, "scheduled_at": None}
    running = move(campaign, verb, to=CampaignStatus.RUNNING, actor=actor, now=now, reason=reason, **fields)
    set_first_due(running, now)
    _open_job(running, actor, now)
    return running


def _open_job(campaign: Campaign, actor: Actor, now: datetime) -> None:
    """The job shows a run of sending; a pause ends one, a resume begins the next."""
    Job.objects.create(
        organization_id=campaign.organization_id,
        campaign=campaign,
        kind=JobKind.SEND,
        status=ProgressStatus.RUNNING,
        total=ledger(campaign).planned,
        done=campaign.emails_sent,
        created_by=actor.name,
        started_at=now,
        heartbeat_at=now,
    )
