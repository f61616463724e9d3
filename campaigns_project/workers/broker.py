"""The task queue in turns: sending, then anything else, so that neither keeps the other waiting.

In one line, a handful of imports and deletions that queue themselves again and again would let a lane of sending begin
every few minutes; before everything else, a large campaign would let nobody read replies.
"""

from datetime import timedelta
from time import sleep

from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ

SENDING = f"{Conf.CLUSTER_NAME}-sending"  # the key of tasks that send mail; the others have that of the cluster
KEYS = (SENDING, Conf.CLUSTER_NAME)


class Turns(ORM):
    """django-q's broker on the database, which takes from the two kinds of tasks by turns."""

    def __init__(self, list_key: str = Conf.CLUSTER_NAME):
        super().__init__(list_key=list_key)
        self._order: tuple[str, ...] = KEYS

    def dequeue(self) -> list[tuple[int, str]] | None:
        """The task that waits longest of the kind whose turn it is, else of the other; None after a short wait."""
        for key in self._order:
            if task := self._claim_next(key):
                self._order = (*(other for other in KEYS if other != key), key)
                return [(task.pk, task.payload)]
        sleep(Conf.POLL)
        return None

    def _claim_next(self, key: str) -> OrmQ | None:
        """Whoever moves the lock has it: of two clusters one does, and the other looks again."""
        tasks = self.get_connection()
        while task := tasks.filter(key=key, lock__lt=timezone.now()).order_by("pk").first():
            until = timezone.now() + timedelta(seconds=Conf.RETRY)
            if self.get_connection().filter(pk=task.pk, lock=task.lock).update(lock=until):
                return task
        return None


class Later(ORM):
    """Puts tasks into the queue that are free only `after` a while: django-q knows no such thing but schedules, which
    are looked at every half minute."""

    def __init__(self, after: timedelta):
        super().__init__()
        self._after = after

    def enqueue(self, task: str) -> int:
        free_at = timezone.now() + self._after
        return self.get_connection().create(key=self.list_key, payload=task, lock=free_at).pk
