"""Which mailboxes are to be read now: each about once a minute, so that a reply is in force soon after it came."""

from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q
from django_q.tasks import async_task

from campaigns.models import Mailbox
from campaigns_project.workers.queue import queue_state
from tracking.models import InboundMail, InboundStatus

LOOK_EVERY = timedelta(seconds=60)
LATE = timedelta(minutes=15)  # an active mailbox that was not read for so long is worth a look
READ = "tracking.tasks.read_mailbox_task"
ENOUGH = 200  # tasks that wait: while the workers are behind, more would only make them later
QUARANTINED_FOR = timedelta(days=30)
AT_ONCE = 5_000  # rows of one removal


def queue_due(*, now: datetime) -> int:
    """Queue a look at every mailbox that is due; how many. Each is due again a minute later."""
    due = Mailbox.objects.able().filter(Q(next_look_at=None) | Q(next_look_at__lte=now))
    if not due.exists() or queue_state().waiting >= ENOUGH:
        return 0
    return sum(_queue(pk, now) for pk in due.order_by("next_look_at").values_list("pk", flat=True))


@transaction.atomic
def _queue(pk: int, now: datetime) -> bool:
    """Whoever moves the time queues it: of two clocks one does."""
    due = Mailbox.objects.able().filter(Q(next_look_at=None) | Q(next_look_at__lte=now), pk=pk)
    if not due.update(next_look_at=now + LOOK_EVERY):
        return False
    queue_again(pk)
    return True


def queue_again(pk: int) -> None:
    """Queue a look at a mailbox, once the present transaction has committed."""
    transaction.on_commit(partial(async_task, READ, pk, q_options={"task_name": f"read mailbox {pk}"}))


def forget_quarantined(*, now: datetime) -> int:
    """Remove incoming mails that were quarantined 30 days ago; how many."""
    old = InboundMail.objects.filter(status=InboundStatus.QUARANTINED, created_at__lt=now - QUARANTINED_FOR)
    return InboundMail.objects.filter(pk__in=list(old.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])).delete()[
        0
    ]
