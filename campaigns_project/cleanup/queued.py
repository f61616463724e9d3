"""Queued tasks whose subject is gone: a worker would pick them up for nothing."""

from collections.abc import Iterator
from itertools import batched

from django_q.models import OrmQ

from campaigns_project.cleanup.look import SAMPLES
from campaigns_project.workers.subjects import tasks_without_subject

WHERE = "django_q_ormq.task"


def look_at_queue() -> tuple[int, list[str]]:
    """How many waiting tasks speak of a row that is not there, and the keys of the first few."""
    keys = list(tasks_without_subject())
    return len(keys), [str(key) for key in keys[:SAMPLES]]


def clear_queue(*, batch_size: int) -> Iterator[int]:
    """Take them out of the queue; yields how many a batch had."""
    for keys in batched(list(tasks_without_subject()), batch_size, strict=False):
        yield OrmQ.objects.filter(pk__in=keys).delete()[0]
