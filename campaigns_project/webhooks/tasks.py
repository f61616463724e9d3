"""What workers do with webhooks, and when it is queued. A task may run twice, and must not mind."""

import time

from django.utils import timezone
from django_q.tasks import async_task

from campaigns_project.webhooks.models import WebhookEndpoint
from campaigns_project.webhooks.retention import is_any_old, remove_old
from campaigns_project.webhooks.work import tell_due
from campaigns_project.workers.queue import queue_state

TELL = "campaigns_project.webhooks.tasks.tell_what_is_due"
REMOVE = "campaigns_project.webhooks.tasks.remove_old_deliveries"
PATIENCE = 2.0  # seconds a queued turn gets to begin before it is queued again
ENOUGH = 20  # tasks that wait: while nobody works, the queue must not fill with turns

_queued_at = -PATIENCE


def tell_what_is_due() -> int:
    """One turn; queues the next while there is more. Answers how many tries were made."""
    tried = tell_due()
    if tried and WebhookEndpoint.objects.due().exists():
        async_task(TELL, q_options={"task_name": "tell webhooks"})
    return tried


def queue_what_is_due() -> bool:
    """Queue a turn where something is due; true when it was queued. For a clock that calls it often.

    A turn too many does no harm: it finds somebody at it, or nothing due.
    """
    global _queued_at  # noqa: PLW0603 - of this process alone: another leader would only queue one more
    if time.monotonic() - _queued_at < PATIENCE or not WebhookEndpoint.objects.due().exists():
        return False
    if queue_state().waiting >= ENOUGH:
        return False
    async_task(TELL, q_options={"task_name": "tell webhooks"})
    _queued_at = time.monotonic()
    return True


def remove_old_deliveries() -> int:
    """Remove deliveries whose time is over, some at a turn; how many."""
    return remove_old(now=timezone.now())


def queue_removal() -> bool:
    """Queue that where there is something to remove; true when it was queued. For a clock that calls it often."""
    if not is_any_old(now=timezone.now()):
        return False
    async_task(REMOVE, q_options={"task_name": "remove old webhook deliveries"})
    return True
