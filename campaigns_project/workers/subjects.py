"""Which row a queued task speaks of. The apps that queue tasks say so, in their `wiring`."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db.models.functions import Now
from django_q.models import OrmQ

from campaigns_project.database.streaming import streamed
from campaigns_project.workers.broker import KEYS, signed_by_us

_subjects: dict[str, str] = {}


def speaks_of(task: str, label: str) -> None:
    """Say that the first argument of `task` ("leads.tasks.run") is the key of a row of `label` ("leads.LeadImport")."""
    _subjects[task] = label


def tasks_without_subject() -> Iterator[int]:
    """Keys of the tasks that wait in the queue and speak of a row that is not there (any more)."""
    waiting: dict[str, dict[int, int]] = defaultdict(dict)
    for key, task in _waiting():
        label = _subjects.get(str(task.get("func")))
        if label and task.get("args"):
            waiting[label][key] = task["args"][0]
    for label, subjects in waiting.items():
        there = set(
            apps.get_model(label)._base_manager.filter(pk__in=set(subjects.values())).values_list("pk", flat=True)
        )
        yield from (key for key, subject in subjects.items() if subject not in there)


def waiting_for(name: str) -> set[int]:
    """First arguments of the tasks called `name` that wait in the queue: keys of the rows they speak of."""
    return {task["args"][0] for _, task in _waiting() if task.get("func") == name and task.get("args")}


def _waiting() -> Iterator[tuple[int, dict[str, Any]]]:
    """Key and content of those nobody has claimed; what a dead worker has claimed is free again when its time is over.

    As the broker reads them: a task under a former key is worked too, so it waits as others do.
    """
    for queued in streamed(OrmQ.objects.filter(key__in=KEYS, lock__lte=Now()).order_by("pk")):
        if payload := signed_by_us(queued):
            yield queued.pk, OrmQ(payload=payload).task
