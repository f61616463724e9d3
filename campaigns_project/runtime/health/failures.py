"""The last failures, as kinds and places: what a helper needs, without the words, which may name people."""

import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django_q.models import Failure

from campaigns.models import Job
from campaigns_project.states import ProgressStatus
from campaigns_project.workers.models import DutyRun
from leads.models import LeadImport

SHOWN = 20  # of each kind
_BEGIN = "Traceback (most recent call last):"
_FRAME = re.compile(r'^  File "(?P<path>[^"]+)", line (?P<line>\d+), in (?P<function>\S+)$', re.MULTILINE)
_ENDINGS = "Error|Exception|Warning|Exit|Interrupt|Refused|Lost|Timeout"
_KIND = re.compile(rf"^(?P<kind>[A-Za-z_][\w.]*(?:{_ENDINGS}))(?::|$)", re.MULTILINE)


def last_failures() -> dict[str, list[dict[str, Any]]]:
    """Failed tasks, jobs, imports and duties, newest first."""
    return {
        "tasks": list(_tasks()),
        "jobs": list(_rows(Job)),
        "imports": list(_rows(LeadImport)),
        "duties": [
            {"name": run.name, "failed_at": run.failed_at, "kind": run.error.partition(":")[0]}
            for run in DutyRun.objects.exclude(failed_at=None).order_by("-failed_at")[:SHOWN]
        ],
    }


def _tasks() -> Iterator[dict[str, Any]]:
    for task in Failure.objects.defer("args", "kwargs").order_by("-stopped")[:SHOWN]:
        told = task.result if isinstance(task.result, str) else ""
        yield {
            "function": task.func,
            "stopped": task.stopped,
            "tries": task.attempt_count,
            "kind": kind_of(told),
            "place": place_of(told),
        }


def _rows(model: Any) -> Iterator[dict[str, Any]]:
    failed = model.objects.filter(status=ProgressStatus.FAILED).order_by("-pk")[:SHOWN]
    names = [name for name in ("kind", "created_at", "finished_at") if hasattr(model, name)]
    yield from failed.values("pk", *names)


def kind_of(told: str) -> str:
    """The class of the exception a traceback ends with; its message is left out. "" where there is no traceback."""
    found = _KIND.search(told.rpartition(_BEGIN)[2]) if _BEGIN in told else None
    return found["kind"] if found else ""


def place_of(told: str) -> str:
    """The innermost line of ours in a traceback, as campaigns/sending/work.py:120 in run."""
    ours = f"{settings.BASE_DIR}/"
    frames = [frame for frame in _FRAME.finditer(told) if frame["path"].startswith(ours)]
    if not frames:
        return ""
    last = frames[-1]
    return f"{last['path'].removeprefix(ours)}:{last['line']} in {last['function']}"
