"""Tasks of operators: made, changed, moved over the board, done and taken up again.

Two people look at the same board. Whoever moves a task says which version of it they saw; of two at once the second is
told who was first. The audit log has what became of a task, never its words.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Min

from campaigns.models import OperatorTask, TaskStatus
from campaigns.ops.checklists import read_checklist
from campaigns_project.accounts.models import Organization, User
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.protection import differences, values_of
from campaigns_project.audit.record import record
from campaigns_project.errors import Refused, StateRefused

GAP = 1024.0  # between two places of a column, so that many can be put in between
CLOSEST = 1e-6  # nearer to each other two places are not told apart for long
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


@transaction.atomic
def add_task(
    *, organization: Organization, author: User | None, actor: Actor, status: str = TaskStatus.TO_DO, **asked: Any
) -> OperatorTask:
    """A new task on top of its column. Refused for words that say nothing, or what another organization has."""
    task = OperatorTask(organization=organization, status=status, created_by=author, changed_by=actor.name[:254])
    for name, value in asked.items():
        setattr(task, name, value)
    _check(task)
    task.position = _top(organization.pk, status)
    task.save()
    _record(task, "created", actor, after=values_of(task, asked))
    return task


@transaction.atomic
def change_task(*, task: OperatorTask, version: int | None = None, actor: Actor, **asked: Any) -> OperatorTask:
    """Other words, hour or person. StateRefused (`task_changed`) where `version` is not the present one any more."""
    current = _held(task)
    _require_version(current, version, now=None)
    before = values_of(current, asked)
    for name, value in asked.items():
        setattr(current, name, value)
    _check(current)
    before, after = differences(before, values_of(current, asked))
    if not after:
        return current
    current.version += 1
    current.changed_by = actor.name[:254]
    current.save(update_fields=[*after, "version", "changed_by", "updated_at"])
    _record(current, "changed", actor, before=before, after=after)
    return current


@transaction.atomic
def move_task(
    *, task: OperatorTask, status: str, position: int | None = None, version: int, actor: Actor, now: datetime
) -> OperatorTask:
    """To another column, or another place in its own: 0 is the top, and without a place it goes there.

    StateRefused (`task_changed`) where somebody changed it since `version`.
    """
    if status not in TaskStatus.values:
        known = ", ".join(TaskStatus.values)
        raise Refused("unknown_column", f"There is no column “{status}”.", f"Known: {known}.", {"field": "column"})
    current = _held(task)
    _require_version(current, version, now=now)
    return _put(current, status, position or 0, actor=actor, now=now, act="moved")


@transaction.atomic
def complete_task(*, task: OperatorTask, actor: Actor, now: datetime) -> OperatorTask:
    """Done. StateRefused where it is already."""
    current = _held(task)
    if current.status == TaskStatus.DONE:
        raise StateRefused("task_done", f"Task {current.pk} is done already.", "Reopen it to work on it again.")
    return _put(current, TaskStatus.DONE, 0, actor=actor, now=now, act="completed")


@transaction.atomic
def reopen_task(*, task: OperatorTask, actor: Actor, now: datetime) -> OperatorTask:
    """To do again. StateRefused where it is not done."""
    current = _held(task)
    if current.status != TaskStatus.DONE:
        raise StateRefused("task_not_done", f"Task {current.pk} is not done.")
    return _put(current, TaskStatus.TO_DO, 0, actor=actor, now=now, act="reopened")


@transaction.atomic
def remove_task(*, task: OperatorTask, actor: Actor) -> None:
    """Take a task away for good."""
    _record(task, "deleted", actor, before={"status": task.status})
    task.delete()


def may_be_assigned(organization: Organization, user: User) -> bool:
    """Only members of the organization are given its tasks."""
    return user.is_active and organization.memberships.filter(user=user).exists()


def _put(task: OperatorTask, status: str, place: int, *, actor: Actor, now: datetime, act: str) -> OperatorTask:
    before = {"status": task.status}
    task.position = _between(task, status, place)
    if status == TaskStatus.DONE:
        task.completed_at = task.completed_at or now
    else:
        task.completed_at = None
    task.status = status
    task.version += 1
    task.changed_by = actor.name[:254]
    task.save(update_fields=["status", "position", "completed_at", "version", "changed_by", "updated_at"])
    if status != before["status"]:  # another place in the same column is nothing to be kept for ever
        _record(task, act, actor, before=before, after={"status": status})
    return task


def _between(task: OperatorTask, status: str, place: int) -> float:
    """The number of a place in a column, between its neighbors there."""
    others = OperatorTask.objects.filter(organization=task.organization_id, status=status).exclude(pk=task.pk)
    if not place:
        return _top(task.organization_id, status)
    near = list(others.order_by("position", "pk").values_list("position", flat=True)[place - 1 : place + 1])
    if not near:
        return (others.aggregate(last=Max("position"))["last"] or 0.0) + GAP
    if len(near) == 1:
        return near[0] + GAP
    if near[1] - near[0] > CLOSEST:
        return (near[0] + near[1]) / 2
    _spread(task.organization_id, status)
    return _between(task, status, place)


def _spread(organization: int, status: str) -> None:
    """Anew with gaps, after thousands of moves into the same place."""
    rows = list(OperatorTask.objects.filter(organization=organization, status=status).order_by("position", "pk"))
    for number, row in enumerate(rows, start=1):
        row.position = number * GAP
    OperatorTask.objects.bulk_update(rows, ["position"])


def _top(organization: int, status: str) -> float:
    column = OperatorTask.objects.filter(organization=organization, status=status)
    first = column.aggregate(first=Min("position"))["first"]
    return 0.0 if first is None else first - GAP


def _held(task: OperatorTask) -> OperatorTask:
    """The row as it is now, which nobody else changes meanwhile. Refused where it is gone."""
    rows = OperatorTask.objects.living().select_for_update(of=("self",), no_key=True)
    current = rows.select_related("organization").filter(pk=task.pk).first()
    if current is None:
        raise StateRefused("task_gone", f"Task {task.pk} was deleted meanwhile.")
    return current


def _require_version(task: OperatorTask, version: int | None, *, now: datetime | None) -> None:
    if version is None or version == task.version:
        return
    ago = f" {_ago((now - task.updated_at).total_seconds())} ago" if now else ""
    who = task.changed_by or "somebody"
    raise StateRefused(
        "task_changed",
        f"Changed by {who}{ago}: task {task.pk} is in “{task.get_status_display()}” now.",
        "Look at the board again, then decide.",
        {"version": task.version, "column": task.status},
    )


def _ago(seconds: float) -> str:
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= size), _UNITS[-1])
    return f"{int(max(seconds, 0) // size)} {unit}"


def _check(task: OperatorTask) -> None:
    task.title = " ".join(task.title.split())
    if not task.title:
        raise Refused("task_untitled", "The task says nothing.", "Say what is to be done.", {"field": "title"})
    task.checklist = read_checklist(task.checklist)
    linked: Mapping[str, Any] = {"campaign": task.campaign, "lead": task.lead}
    for field, row in linked.items():
        if row is not None and row.organization_id != task.organization_id:
            message = f"The {field} of the task belongs to another organization."
            raise Refused("other_organization", message, "Name one of the same organization.", {"field": field})
    if task.assignee is not None and not may_be_assigned(task.organization, task.assignee):
        raise Refused(
            "assignee_not_a_member",
            "Whom the task is for does not belong to the organization.",
            "Name one of its members.",
            {"field": "assignee"},
        )


def _record(task: OperatorTask, act: str, actor: Actor, **told: Any) -> None:
    record(action=f"operatortask.{act}", entity=task, organization_id=task.organization_id, actor=actor, **told)


def my_open_tasks(user: User) -> Any:
    """What is for `user` and not done, the most urgent first."""
    mine = OperatorTask.objects.living().undone().filter(assignee=user)
    return mine.order_by(F("due_at").asc(nulls_last=True), "pk")
