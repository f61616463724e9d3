"""Queued tasks that a worker would pick up for nothing: their subject is gone, or the key they were signed with."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import batched

from django_q.models import OrmQ

from campaigns_project.cleanup.look import SAMPLES
from campaigns_project.workers.queue import unreadable_tasks
from campaigns_project.workers.subjects import tasks_without_subject


@dataclass(frozen=True)
class Lost:
    """Waiting tasks that lack `parent`; `keys` finds them."""

    where: str
    parent: str
    keys: Callable[[], Iterator[int]]

    def look(self) -> tuple[int, list[str]]:
        """How many there are, and the keys of the first few."""
        keys = list(self.keys())
        return len(keys), [str(key) for key in keys[:SAMPLES]]

    def clear(self, *, batch_size: int) -> Iterator[int]:
        """Take them out of the queue; yields how many a batch had."""
        for keys in batched(list(self.keys()), batch_size, strict=False):
            yield OrmQ.objects.filter(pk__in=keys).delete()[0]


LOST = (
    Lost("django_q_ormq.task", "what it speaks of", tasks_without_subject),
    Lost("django_q_ormq.payload", "a SECRET_KEY that can read it", unreadable_tasks),
)
