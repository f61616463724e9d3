"""Looks and cleanups that somebody asked for: by command at once, by page through a worker."""

from datetime import datetime
from functools import partial

from django.db import transaction
from django_q.tasks import async_task

from campaigns_project.audit.actors import Actor
from campaigns_project.audit.models import AuditLog
from campaigns_project.audit.record import record
from campaigns_project.cleanup.archive import Archive
from campaigns_project.cleanup.models import OrphanReport
from campaigns_project.cleanup.nightly import TASK as LOOK
from campaigns_project.cleanup.nightly import note
from campaigns_project.cleanup.sweep import BATCH_SIZE, Sweep, require_writable, sweep
from campaigns_project.errors import Refused

REMOVE = "campaigns_project.cleanup.tasks.remove_orphans"
BEGUN, ENDED = "orphanreport.cleaning", "orphanreport.cleaned"


@transaction.atomic
def ask_for_look(*, actor: Actor, now: datetime) -> OrphanReport:
    """Have a worker look, and change nothing; the report is finished when it has."""
    report = OrphanReport.objects.create(queued_at=now, asked_by=actor.name[:254])
    transaction.on_commit(partial(async_task, LOOK, report.pk))
    return report


@transaction.atomic
def ask_for_cleaning(*, actor: Actor, now: datetime) -> OrphanReport:
    """Have a worker remove every orphan there is; the report is finished when it has. That is on record."""
    require_writable()
    report = OrphanReport(queued_at=now, asked_by=actor.name[:254], is_dry_run=False)
    _begin(report, actor)
    transaction.on_commit(partial(async_task, REMOVE, report.pk))
    return report


def clean_for(report: OrphanReport, *, now: datetime) -> OrphanReport:
    """Do what `report` was queued for by `ask_for_cleaning`. Done again it does nothing."""
    if report.finished_at is None:
        _end(report, sweep(dry_run=False), actor=_who_asked(report), now=now)
    return report


def clean(
    *, actor: Actor, now: datetime, table: str = "", batch_size: int = BATCH_SIZE, archive: Archive | None = None
) -> Sweep:
    """Remove every orphan there is (or those of one table), with a report. Raises as `sweep` does.

    It is on record before the first row is gone, and again, with the counts, at the end.
    """
    report = OrphanReport(queued_at=now, asked_by=actor.name[:254], is_dry_run=False, only_table=table)
    swept = sweep(
        dry_run=False, table=table, batch_size=batch_size, archive=archive, begin=partial(_begin, report, actor)
    )
    _end(report, swept, actor=actor, now=now)
    return swept


def leave(report: OrphanReport, refused: Refused, *, now: datetime) -> None:
    """Finish a report that somebody asked for, where it could not be done."""
    unfinished = OrphanReport.objects.filter(pk=report.pk, finished_at=None)
    unfinished.update(finished_at=now, problems=[str(refused)])


@transaction.atomic
def _begin(report: OrphanReport, actor: Actor) -> None:
    report.save(force_insert=True)
    record(action=BEGUN, entity=report, organization_id=None, actor=actor, after={"table": report.only_table or "all"})


@transaction.atomic
def _end(report: OrphanReport, swept: Sweep, *, actor: Actor, now: datetime) -> None:
    note(report, swept, now=now)
    after = {"found": swept.found, "mended": swept.mended, "counts": swept.counts}
    record(action=ENDED, entity=report, organization_id=None, actor=actor, after=after)


def _who_asked(report: OrphanReport) -> Actor:
    entry = AuditLog.objects.about(report).get(action=BEGUN)
    return Actor(
        kind=entry.actor_kind,
        name=entry.actor_name,
        id=entry.actor_id,
        via=entry.via,
        request_id=entry.request_id,
        ip_address=entry.ip_address,
    )
