"""Stop, completion and the archive: the ends of a campaign."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from campaigns.enrollment.stop import stop_recipients
from campaigns.fetching.opened import STARTING, cancel_starting
from campaigns.ledger import ledger
from campaigns.lifecycle.transitions import move, reread
from campaigns.locks import hold_audience, take_audience
from campaigns.models import Campaign, CampaignStatus, ExitReason, Job, JobKind, Recipient, RecipientStatus
from campaigns.telling import tell_of_campaign
from campaigns_project.audit.actors import SYSTEM, Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import StateRefused
from campaigns_project.states import ProgressStatus
from campaigns_project.webhooks.events import EventType

STOP_BATCH = 10_000  # recipients whose rows are locked together
_LETTING_GO = (CampaignStatus.STOPPED, CampaignStatus.ARCHIVED)  # who is still in one of these leaves it
_ENROLLING = Q(is_automatic=True, is_active=True)
_WHY_KEPT: dict[str, Any] = {name: F(name) for name in ("status_code", "status_message", "status_error")}


def stop(*, campaign: Campaign, actor: Actor, now: datetime, reason: str = "") -> Campaign:
    """End it for good: nobody gets the remaining steps. StateConflict unless it is running or paused."""
    begin_stop(campaign=campaign, actor=actor, now=now, reason=reason)
    _release_recipients(campaign, now)
    return Campaign.objects.select_related("organization").get(pk=campaign.pk)


@transaction.atomic
def begin_stop(*, campaign: Campaign, actor: Actor, now: datetime, reason: str = "") -> Campaign:
    """The first part of a stop: from here on no mail leaves. By itself it is for trying alone, and taken back.

    The rest takes people out in many transactions: one would hold all their rows, in an order that is nobody's.
    """
    hold_audience(campaign.organization_id)
    return move(campaign, "stop", to=CampaignStatus.STOPPED, actor=actor, now=now, reason=reason)


def archive(*, campaign: Campaign, actor: Actor, now: datetime, reason: str = "") -> Campaign:
    """Put an ended campaign out of the way. StateConflict unless it has ended.

    Why it failed is kept, for `restore`. Whoever was still in one that failed leaves it.
    """
    return move(campaign, "archive", to=CampaignStatus.ARCHIVED, actor=actor, now=now, reason=reason, **_WHY_KEPT)


@transaction.atomic
def restore(*, campaign: Campaign, actor: Actor, now: datetime, reason: str = "") -> Campaign:
    """Take it out of the archive again, to the state it was archived from. StateConflict unless it is in there.

    Nobody who has left it comes back: what had ended stays ended. Refused while somebody still has to leave: archiving
    said that they leave for good, and of a campaign that is restored and resumed they would get mail. Under the lock of
    those who enroll: whom somebody lets in just now, from before it was put away, still has to leave too.
    """
    hold_audience(campaign.organization_id)
    archived = reread(campaign, "restore", lock=True)
    if _inside(archived).exists() or Job.objects.filter(_open_sending_job(), campaign=archived).exists():
        raise StateRefused(
            "still_being_archived",
            f"“{archived}” is still being put away: whoever was in it is leaving it.",
            "Try again in a moment.",
        )
    return move(archived, "restore", to=_archived_from(archived), actor=actor, now=now, reason=reason, **_WHY_KEPT)


def _archived_from(campaign: Campaign) -> CampaignStatus:
    """Told by its times: each stays for good where the campaign ended so, and a stop has none."""
    if campaign.completed_at is not None:
        return CampaignStatus.COMPLETED
    return CampaignStatus.STOPPED if campaign.failed_at is None else CampaignStatus.FAILED


def complete_finished(*, now: datetime) -> int:
    """Complete the running campaigns in which nobody is left and nobody will come by itself; how many that were.

    Also finishes what a crash left of a stop: recipients that are still in an ended campaign.
    """
    # As a value, and not by EXISTS, which may be turned into a search through all recipients for each campaign.
    inside = Recipient.objects.filter(campaign=OuterRef("pk"), status__in=RecipientStatus.IN).order_by()
    living = Campaign.objects.living().alias(somebody=Subquery(inside.values("pk")[:1]))
    anybody = Q(somebody__isnull=False)
    open_job = Exists(Job.objects.filter(_open_sending_job(), campaign=OuterRef("pk")))
    for campaign in living.filter(status__in=_LETTING_GO).filter(anybody | open_job):
        _release_recipients(campaign, now)
    being_filled = Exists(Job.objects.filter(STARTING, campaign=OuterRef("pk")))
    # Only an automatic one may begin without anybody; switched off before somebody came, it is at its end too.
    had_somebody = Q(total_recipients__gt=0) | Q(is_automatic=True)
    empty = living.running().exclude(_ENROLLING).filter(had_somebody, ~anybody, ~being_filled)
    return sum(_complete(campaign, now) for campaign in empty)


def close_job(campaign: Campaign, now: datetime) -> None:
    """End the campaign's sending job, if one is open, with the ledger as its result; a fetch it waits for ends too."""
    cancel_starting(campaign, "The campaign does not run any more.")
    open_jobs = Job.objects.filter(_open_sending_job(), campaign=campaign)
    if not open_jobs.exists():
        return
    counts = ledger(campaign).as_dict()
    open_jobs.update(
        status=ProgressStatus.SUCCEEDED,
        done=campaign.emails_sent,
        failed=counts["failed"],
        result=counts,
        finished_at=now,
        heartbeat_at=now,
    )


def _open_sending_job() -> Q:
    return Q(kind=JobKind.SEND, status__in=ProgressStatus.active)


def _release_recipients(campaign: Campaign, now: datetime) -> None:
    """In batches, so that nobody waits long for a row; `complete_finished` goes on where a crash left off.

    The campaign may be restored and run again as soon as the last one has left: each batch looks at its state again.
    """
    leaving = _inside(campaign).filter(campaign__status__in=_LETTING_GO).order_by("pk")
    while ids := list(leaving.values_list("pk", flat=True)[:STOP_BATCH]):
        stop_recipients(ids, reason=ExitReason.CAMPAIGN_STOPPED, at=now)
    with transaction.atomic():
        still = Campaign.objects.select_for_update(no_key=True).filter(pk=campaign.pk, status__in=_LETTING_GO).first()
        if still is not None:
            close_job(still, now)


def _inside(campaign: Campaign) -> QuerySet[Recipient]:
    return Recipient.objects.filter(campaign=campaign, status__in=RecipientStatus.IN)


@transaction.atomic
def _complete(campaign: Campaign, now: datetime) -> bool:
    if not take_audience(campaign.organization_id):
        return False  # whoever has the lock may have it for minutes, and the tick has other duties: asked again soon
    # Asked again under the audience lock: somebody may have been enrolled a moment ago, or it was switched on.
    if _inside(campaign).exists() or not Campaign.objects.running().exclude(_ENROLLING).filter(pk=campaign.pk).update(
        status=CampaignStatus.COMPLETED, completed_at=now, status_message="", status_error="", updated_at=now
    ):
        return False
    campaign.refresh_from_db()
    close_job(campaign, now)
    record(
        action="campaign.completed",
        entity=campaign,
        organization_id=campaign.organization_id,
        actor=SYSTEM,
        before={"status": CampaignStatus.RUNNING},
        after={"status": CampaignStatus.COMPLETED},
    )
    tell_of_campaign(EventType.CAMPAIGN_COMPLETED, campaign, at=now)
    return True
