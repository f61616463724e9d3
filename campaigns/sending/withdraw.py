"""A sender that takes itself out: paused with the reason until a person resumes it, or left alone for a while."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from campaigns.models import Sender, SenderStatus
from campaigns.telling import tell_of_sender
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.record import record
from campaigns_project.webhooks.events import EventType

FIRST_REST = timedelta(minutes=1)
LONGEST_REST = timedelta(hours=1)  # a server that was away for days is found again within the hour


@transaction.atomic
def withdraw(*, sender_id: int, why: str) -> bool:
    """Pause an active sender and write it down; False when it was not active any more."""
    active = Sender.objects.filter(pk=sender_id, status=SenderStatus.ACTIVE)
    if not active.update(status=SenderStatus.PAUSED, status_reason=why, updated_at=Now()):
        return False
    sender = Sender.objects.get(pk=sender_id)
    record(
        action="sender.paused",
        entity=sender,
        organization_id=sender.organization_id,
        actor=SYSTEM,
        before={"status": SenderStatus.ACTIVE},
        after={"status": SenderStatus.PAUSED},
        reason=why,
    )
    tell_of_sender(EventType.SENDER_PAUSED, sender, at=timezone.now(), reason=why)
    return True


def rest(*, sender: Sender, why: str, now: datetime) -> bool:
    """Leave the sender alone: for a minute, then two, four … up to an hour, until it works again.

    Several workers may fail at the same moment; they count as one try, that of the first (True).
    """
    tries = min(sender.failed_tries, 20)
    until = now + min(FIRST_REST * 2**tries, LONGEST_REST)
    rested = Q(backs_off_until=None) | Q(backs_off_until__lte=now)
    first = Sender.objects.filter(rested, pk=sender.pk, failed_tries=sender.failed_tries)
    return bool(first.update(backs_off_until=until, status_reason=why, failed_tries=F("failed_tries") + 1))


def recovered(*, sender: Sender) -> None:
    """It works: what was wrong with it is over."""
    if sender.backs_off_until is not None or sender.status_reason or sender.failed_tries:
        healthy = Sender.objects.filter(pk=sender.pk, status=SenderStatus.ACTIVE)
        healthy.update(backs_off_until=None, status_reason="", failed_tries=0)
        # rest() counts from what its caller knows: the next fault is the first again.
        sender.backs_off_until, sender.status_reason, sender.failed_tries = None, "", 0
