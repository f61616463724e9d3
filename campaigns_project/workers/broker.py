"""The task queue in turns: sending, then anything else, so that neither keeps the other waiting.

In one line, a handful of imports and deletions that queue themselves again and again would let a lane of sending begin
every few minutes; before everything else, a large campaign would let nobody read replies.
"""

import logging
from datetime import timedelta
from time import monotonic, sleep

from django.core.signing import BadSignature, TimestampSigner
from django.db.models.functions import Now
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ

SENDING = f"{Conf.CLUSTER_NAME}-sending"  # the key of tasks that send mail; the others have that of the cluster
KEYS = (SENDING, Conf.CLUSTER_NAME)
GIVEN_BACK_FOR = timedelta(seconds=30)  # who cannot read a task leaves it alone so long, that who can may take it
COMPLAIN_EVERY = 60.0  # seconds

log = logging.getLogger(__name__)


class Turns(ORM):
    """django-q's broker on the database, which takes from the two kinds of tasks by turns.

    The database's clock says what is due: machines need not agree on a time.
    """

    def __init__(self, list_key: str = Conf.CLUSTER_NAME):
        super().__init__(list_key=list_key)
        self._order: tuple[str, ...] = KEYS
        self._next_complaint = 0.0

    def dequeue(self) -> list[tuple[int, str]] | None:
        """The task that waits longest of the kind whose turn it is, else of the other; None after a short wait."""
        for key in self._order:
            while task := self._claim_next(key):
                if (payload := signed_by_us(task)) is None:
                    self._give_back(task)
                    continue
                self._order = (*(other for other in KEYS if other != key), key)
                return [(task.pk, payload)]
        sleep(Conf.POLL)
        return None

    def enqueue(self, task: str) -> int:
        return _put(self, task, timedelta())

    def _claim_next(self, key: str) -> OrmQ | None:
        """Whoever moves the lock has it: of two clusters one does, and the other looks again."""
        tasks = self.get_connection()
        while task := tasks.filter(key=key, lock__lt=Now()).order_by("pk").first():
            until = Now() + timedelta(seconds=Conf.RETRY)
            if self.get_connection().filter(pk=task.pk, lock=task.lock).update(lock=until):
                return task
        return None

    def _give_back(self, task: OrmQ) -> None:
        """Leave it to others, and soon: with the whole of our claim it would be late by many minutes."""
        self.get_connection().filter(pk=task.pk).update(lock=Now() + GIVEN_BACK_FOR)
        if monotonic() >= self._next_complaint:
            self._next_complaint = monotonic() + COMPLAIN_EVERY
            log.error(
                "task %d (and maybe more) was queued by a process with another SECRET_KEY; it is left to others",
                task.pk,
            )


def signed_by_us(task: OrmQ) -> str | None:
    """What to work, under the present key. None where it is under a key we have neither now nor as a former one.

    django-q itself knows no former keys, and throws away what it cannot read.
    """
    signer = TimestampSigner(key=Conf.SECRET_KEY, salt=Conf.PREFIX)
    try:
        return signer.sign(signer.unsign(task.payload))
    except BadSignature:
        return None


def _put(broker: ORM, task: str, after: timedelta) -> int:
    return broker.get_connection().create(key=broker.list_key, payload=task, lock=Now() + after).pk


class Later(ORM):
    """Puts tasks into the queue that are free only `after` a while: django-q knows no such thing but schedules, which
    are looked at every half minute."""

    def __init__(self, after: timedelta):
        super().__init__()
        self._after = after

    def enqueue(self, task: str) -> int:
        return _put(self, task, self._after)
