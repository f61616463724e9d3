"""What Instantly should be doing, and which campaigns it has to be told of now."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django_q.tasks import async_task

from campaigns.halts import unhalted
from campaigns.models import (
    Campaign,
    CampaignStatus,
    DeliveredBy,
    HandedLead,
    HandedStatus,
    Handover,
    InstantlyAccountStatus,
    Recipient,
    RecipientStatus,
    Told,
)
from campaigns.task_names import HAND_OVER
from campaigns_project.accounts.timezones import zone_of

QUEUED_FOR = timedelta(seconds=60)  # a task that was queued and not begun by then is queued once more
LATE_ARRIVALS = timedelta(minutes=10)  # an enrollment may be committed so long after the time it is noted with
PASS_EVERY = timedelta(seconds=30)  # while that lasts


def may_send(campaign: Campaign, handover: Handover, *, now: datetime) -> bool:
    """Whether Instantly may send mails of the campaign at this moment, as far as we have a say."""
    account = handover.account
    if account is None or account.status != InstantlyAccountStatus.ACTIVE:
        return False
    return _sending(Campaign.objects.filter(pk=campaign.pk), now).exists()


def has_to_pass(campaign: Campaign, handover: Handover, *, now: datetime) -> bool:
    """Whether somebody may be in the campaign who was not handed over yet."""
    if handover.passed_at is None or handover.reached:
        return True
    enrolled_at = campaign.last_enrollment_at
    is_new = enrolled_at is not None and enrolled_at > handover.passed_at - LATE_ARRIVALS
    return is_new and handover.passed_at < now - PASS_EVERY


def is_over_there(campaign: Campaign) -> bool:
    """Whether a campaign that does not run here has to be paused at Instantly; one that completed has nobody left."""
    return campaign.status != CampaignStatus.COMPLETED


def due_handovers(*, now: datetime) -> list[int]:
    """The campaigns of which Instantly has to be told something, or has to be asked something, by their number."""
    rows = Handover.objects.filter(account__isnull=False, campaign__auto_discovered=False)
    rows = rows.filter(campaign__delivered_by=DeliveredBy.INSTANTLY)
    rows = rows.filter(Q(retry_at=None) | Q(retry_at__lte=now), Q(queued_at=None) | Q(queued_at__lt=now - QUEUED_FOR))
    if not rows.exists():  # most installations have no such campaign, and are asked every other second
        return []
    return sorted({handover.campaign_id for handover in _in_need(rows, now)})


def queue_handovers(*, now: datetime) -> int:
    """Have workers tell Instantly what it does not know yet; of how many campaigns."""
    due = due_handovers(now=now)
    for campaign_id in due:
        queue(campaign_id, now=now)
    return len(due)


def queue(campaign_id: int, *, now: datetime) -> None:
    """Queue a turn at one campaign."""
    Handover.objects.filter(campaign=campaign_id).update(queued_at=now)
    told = {"task_name": f"hand over {campaign_id}"}
    transaction.on_commit(partial(async_task, HAND_OVER, campaign_id, q_options=told))


def _in_need(rows: QuerySet[Handover], now: datetime) -> Iterator[Handover]:
    active = Campaign.objects.filter(handover__account__status=InstantlyAccountStatus.ACTIVE)
    sending = _sending(active, now).values("pk")
    running = rows.filter(campaign__in=sending)
    yield from running.exclude(told=Told.ACTIVE)
    for handover in running.filter(told=Told.ACTIVE).select_related("campaign"):
        if has_to_pass(handover.campaign, handover, now=now):
            yield handover
    resting = rows.filter(told__in=Told.sending).exclude(campaign__in=sending)
    yield from resting.exclude(campaign__status=CampaignStatus.COMPLETED)
    of_it = HandedLead.objects.filter(handover=OuterRef("pk"))
    to_remove = of_it.filter(status__in=HandedStatus.OPEN, wanted_out_at__isnull=False)
    of_nobody = of_it.filter(status__in=HandedStatus.OPEN, recipient=None)
    unanswered = of_it.filter(status=HandedStatus.ASKED)
    yield from rows.filter(Exists(to_remove) | Exists(of_nobody) | Exists(unanswered))


def _sending(campaigns: QuerySet[Campaign], now: datetime) -> QuerySet[Campaign]:
    unheld = Q(hold_until=None) | Q(hold_until__lte=now)
    # One whose people are being fetched runs already, and nobody in it was checked yet.
    due = Recipient.objects.filter(campaign=OuterRef("pk"), status__in=RecipientStatus.DUE, next_send_at__isnull=False)
    checked = Q(lead_source={}) | Q(handover__told__in=Told.sending) | Exists(due)
    running = unhalted(campaigns.filter(unheld, checked, status=CampaignStatus.RUNNING, deleting_at=None))
    return running.exclude(pk__in=_on_a_blackout_day(running, now))


def _on_a_blackout_day(campaigns: QuerySet[Campaign], now: datetime) -> list[int]:
    """Instantly knows nothing of these days. Told from here: the database may not know a zone's name."""
    with_days = campaigns.exclude(organization__blackout_days=[]).select_related("organization")
    return [each.pk for each in with_days if now.astimezone(zone_of(each.timezone)).date() in each.blackout_days]
