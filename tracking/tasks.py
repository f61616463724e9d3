"""What django-q runs for tracking. A task takes ids, may run twice, and must not mind."""

import logging
from datetime import timedelta

from django.utils import timezone
from django_q.tasks import async_task

from campaigns.models import Mailbox
from campaigns_project.errors import Locked, StateRefused
from tracking.days import renew_days as renew
from tracking.forgetting import forget_old, is_asked_for
from tracking.inbound.subscribe import confirm_subscription as confirm
from tracking.inbox.due import has_room, put_back, queue_again
from tracking.inbox.read import read_mailbox
from tracking.instantly.poll import poll

FORGET = "tracking.tasks.forget_old_task"
FORGETTING = timedelta(seconds=10)  # of one turn; a worker that is to stop is waited for no longer
logger = logging.getLogger(__name__)


def read_mailbox_task(mailbox_id: int) -> int:
    """Read a mailbox and, where time was up, queue the rest; how many mails were looked at."""
    if not has_room():
        put_back(mailbox_id, now=timezone.now())
        return 0
    mailbox = Mailbox.objects.filter(pk=mailbox_id).select_related("organization").first()
    if mailbox is None:
        return 0
    try:
        result = read_mailbox(mailbox=mailbox, now=timezone.now())
    except StateRefused as refused:  # somebody paused it, or reads it at this moment
        logger.info("mailbox not read: %s", refused)
        return 0
    if result.has_more:
        queue_again(mailbox_id)
    return result.seen


def renew_days() -> int:
    """See `days.renew`."""
    return renew(now=timezone.now())


def queue_forgetting() -> bool:
    """Queue a turn where some organization keeps something for a time alone; true when it was queued."""
    if not is_asked_for():
        return False
    async_task(FORGET, q_options={"task_name": "forget what is old"})
    return True


def forget_old_task() -> int:
    """Forget what is old and, where time was up, queue the rest; of how many rows. None while another is at it."""
    try:
        done = forget_old(now=timezone.now(), budget=FORGETTING)
    except Locked:
        return 0
    if not all(each.is_through for each in done):
        async_task(FORGET, q_options={"task_name": "forget what is old"})
    return sum(each.count for each in done)


def poll_instantly(handover_id: int) -> int:
    """Look at a campaign that Instantly delivers; how much was new."""
    return poll(handover_id=handover_id, now=timezone.now())


def confirm_subscription(pk: int) -> bool:
    """See `inbound.subscribe`."""
    return confirm(pk=pk, now=timezone.now())
