"""Who works: supervisors, ticks and task clusters, by their signs of life."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from campaigns_project.runtime.health.check import Check, Level, counted, in_words
from campaigns_project.workers import heartbeat, keys
from campaigns_project.workers.heartbeat import SILENT_AFTER
from campaigns_project.workers.models import WorkerHeartbeat, WorkerKind

LISTED = 20  # processes of a kind, the liveliest first
NAMES = {WorkerKind.SUPERVISOR: "supervisor", WorkerKind.TICK: "tick", WorkerKind.QCLUSTER: "task cluster"}


def examine_workers() -> Iterator[Check]:
    """One finding for each kind of process there must be."""
    rows = list(WorkerHeartbeat.objects.annotate(age=heartbeat.AGE).order_by("age", "pk"))
    for kind, silent_after in SILENT_AFTER.items():
        found = [row for row in rows if row.kind == kind]
        living = [row for row in found if row.age <= silent_after]
        yield _alive(kind, living) if living else _silent(kind, found)
    strangers = list(keys.unreadable())
    if strangers:
        yield _stranger(strangers)


def _alive(kind: WorkerKind, living: list[Any]) -> Check:
    hosts = len({row.host for row in living})
    who = f"{counted(len(living), NAMES[kind])} on {counted(hosts, 'machine')}"
    tasks = counted(sum(row.capacity for row in living), "task")
    does = f", {tasks} at a time" if kind == WorkerKind.QCLUSTER else ""
    last = f"the last sign is {in_words(_age(living))} old"
    message = f"{who}{does}; {last}."
    return Check("workers", Level.OK, message, details=_lines(living), shareable=message)


def _silent(kind: WorkerKind, found: list[Any]) -> Check:
    # A process that is stopped takes its row along, so that nothing tells it from one that never was.
    seen = f"the last sign is {in_words(_age(found))} old" if found else "none was started, or all were stopped"
    message = f"No {NAMES[kind]} is alive: {seen}. Nothing is sent, imported or counted."
    fix = "Start one: manage.py run_worker (make run does it for you)."
    return Check("workers", Level.FAIL, message, fix, details=_lines(found), shareable=message)


def _stranger(rows: list[WorkerHeartbeat]) -> Check:
    said = f"{counted(len(rows), 'supervisor')} with another SECRET_KEY or FIELD_ENCRYPTION_KEYS than this process has"
    message = f"{said}: what one of them queues, signs or encrypts the other cannot read."
    fix = "Set both the same on every machine, as the present ones or as former ones, and restart what runs there."
    hosts = tuple(f"{row.name} on {row.host}" for row in rows[:LISTED])
    return Check("workers", Level.FAIL, message, fix, details=hosts, shareable=message)


def _age(newest_first: list[Any]) -> timedelta:
    return newest_first[0].age


def _lines(rows: list[Any]) -> tuple[str, ...]:
    return tuple(
        f"{row.name}, pid {row.pid}: {row.detail or 'alive'}; last sign {in_words(row.age)} ago"
        for row in rows[:LISTED]
    )
