"""Which mailboxes are to be read now: each about once a minute, so that a reply is in force soon after it came."""

from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django_q.tasks import async_task

from campaigns.locks import Lock, held
from campaigns.models import Mailbox
from campaigns_project.workers.subjects import waiting_for
from tracking.models import InboundMail, InboundStatus

LOOK_EVERY = timedelta(seconds=60)
LATE = timedelta(minutes=15)  # an active mailbox that was not read for so long is worth a look
READ = "tracking.tasks.read_mailbox_task"
SOON = timedelta(seconds=5)  # for one that found no room
QUARANTINED_FOR = timedelta(days=30)
AT_ONCE = 5_000  # rows of one removal


def queue_due(*, now: datetime) -> int:
    """Queue a look at the mailboxes that are due, as far as there is room; how many. Each is due a minute later."""
    due = Mailbox.objects.able().filter(Q(next_look_at=None) | Q(next_look_at__lte=now))
    if not due.exists():
        return 0
    room = max(most_readers() - len(held(Lock.MAILBOX) | waiting_for(READ)), 0)
    longest_due = due.order_by(F("next_look_at").asc(nulls_first=True)).values_list("pk", flat=True)
    return sum(_queue(pk, now) for pk in longest_due[:room])


def most_readers() -> int:
    """How many mailboxes may be read at once: a slow server keeps a worker for minutes, and others have to send."""
    return max(1, settings.WORKERS // 2)


def has_room() -> bool:
    """Whether one more may be read now. Asked when a look begins: a cluster takes tasks ahead, which nobody sees."""
    return len(held(Lock.MAILBOX)) < most_readers()


def put_back(pk: int, *, now: datetime) -> None:
    """It found no room, and is due again soon."""
    Mailbox.objects.able().filter(pk=pk).update(next_look_at=now + SOON)


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
