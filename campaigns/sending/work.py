"""One lane of sending: chunk after chunk of whatever is due, for a bounded time."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from campaigns.lifecycle import pause_by_system
from campaigns.locks import Lock
from campaigns.models import Campaign, Recipient, RecipientStatus, Sender
from campaigns.scheduling import next_opening
from campaigns.sending.claim import Wordings, claim
from campaigns.sending.connections import Connections, Routes
from campaigns.sending.deliver import deliver
from campaigns.sending.prepare import Prepared, prepare
from campaigns.sending.record import record
from campaigns.sending.settle import unmade

CHUNK = 100  # recipients claimed at once: small enough that a pause or a kill touches few, large enough to pay
TURN = timedelta(seconds=10)  # how long a lane works before it asks to be called again, so that stopping is quick


def work(*, lane: int, turn: timedelta = TURN) -> int:
    """Send what is due until nothing is or the turn is over; returns how many mails were settled.

    Does nothing when another worker holds the lane.
    """
    ends = time.monotonic() + turn.total_seconds()
    settled = 0
    with _lane(lane) as is_ours, Connections() as connections:
        while is_ours and time.monotonic() < ends:
            before = settled
            for campaign in due_campaigns(now=timezone.now()):
                settled += send_chunk(campaign, connections=connections)
                if time.monotonic() >= ends:
                    break
            if settled == before:
                break
    return settled


def due_campaigns(*, now: datetime) -> list[Campaign]:
    """Running campaigns with somebody due whose window is open, the most urgent first."""
    waiting = Recipient.objects.filter(
        campaign=OuterRef("pk"), status__in=RecipientStatus.DUE, next_send_at__lte=now, next_step__isnull=False
    )
    campaigns = Campaign.objects.running().filter(Exists(waiting)).select_related("organization")
    return [campaign for campaign in campaigns.order_by("-priority", "pk") if next_opening(campaign, now) <= now]


def send_chunk(campaign: Campaign, *, connections: Routes) -> int:
    """Claim, prepare and deliver one chunk of `campaign`; returns how many messages were settled."""
    now = timezone.now()
    senders = able_senders(campaign, now=now)
    if not senders:
        _hold_without_sender(campaign, now)
        return 0
    claims = claim(
        campaign=campaign, wordings=Wordings.of(campaign), senders=list(senders.values()), limit=CHUNK, now=now
    )
    batch = prepare(campaign, claims, senders=senders, now=now)
    settled = record(campaign=campaign, verdicts=[unmade(one) for one in batch.unmade], at=now) if batch.unmade else 0
    by_sender: dict[int, list[Prepared]] = defaultdict(list)
    for mail in batch.prepared:
        by_sender[mail.claim.sender].append(mail)
    for sender, mails in by_sender.items():
        settled += deliver(campaign, mails, sender=senders[sender], connections=connections)
    return settled


def able_senders(campaign: Campaign, *, now: datetime) -> dict[int, Sender]:
    """The campaign's senders that may be used at this moment, by id."""
    rested = Q(backs_off_until=None) | Q(backs_off_until__lte=now)
    return _active(campaign).filter(rested).in_bulk()


def _active(campaign: Campaign) -> QuerySet[Sender]:
    return Sender.objects.filter(campaign_senders__campaign=campaign).able()


def _hold_without_sender(campaign: Campaign, now: datetime) -> None:
    """One that only rests is waited for; when none is left, a person has to look."""
    if not _active(campaign).exists():
        reasons = Sender.objects.filter(campaign_senders__campaign=campaign).values_list("status_reason", flat=True)
        error = "; ".join(reason for reason in reasons if reason)
        message = "No sender can be used: all of them are paused. Mend one and resume the campaign."
        pause_by_system(campaign_id=campaign.pk, code="no_sender", message=message, now=now, error=error)


@contextmanager
def _lane(number: int) -> Iterator[bool]:
    """Hold a lane for this session; a dead worker's lane is free at once, since the lock dies with its connection."""
    key = [Lock.LANE, number]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        is_ours = cursor.fetchone()[0]
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)
