"""The dry run of a draft: a worker counts what the import would do, and keeps the numbers with the draft."""

import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django_q.tasks import async_task

from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.states import ProgressStatus
from campaigns_project.workers.stopping import is_stopping
from leads.imports import errors, state_errors
from leads.imports.opening import reading_of
from leads.imports.previewing import Preview, look_through
from leads.imports.receiving import refuse_unready
from leads.imports.running import STALE_AFTER
from leads.imports.storing import fetch_parts
from leads.models import ImportStatus, LeadImport

TRY_TASK = "leads.imports.tasks.try_import_task"
_TELL_EVERY = 1.0  # seconds between two notes of how far it is


@transaction.atomic
def start_dry_run(*, lead_import: LeadImport, actor: Actor, now: datetime, in_background: bool = True) -> LeadImport:
    """Have a worker count what a draft would do; the numbers of an earlier dry run are forgotten.

    Raises `import_not_draft`, what `refuse_unready` raises, and `dry_run_going` while one is under way. With
    `in_background` off the caller runs it.
    """
    refuse_unready(lead_import)
    going = Q(dry_run_status__in=ProgressStatus.active, dry_run_at__gte=Now() - STALE_AFTER)
    drafts = LeadImport.objects.filter(pk=lead_import.pk, status=ImportStatus.DRAFT)
    if not drafts.exclude(going).update(dry_run_status=ProgressStatus.QUEUED, dry_run={}, dry_run_at=now):
        lead_import.refresh_from_db()
        if lead_import.status != ImportStatus.DRAFT:
            raise state_errors.not_a_draft(lead_import.pk, lead_import.status)
        raise state_errors.dry_run_going(lead_import.pk)
    lead_import.refresh_from_db()
    record(
        action="import.dry_run",
        entity=lead_import,
        organization_id=lead_import.organization_id,
        actor=actor,
    )
    if in_background:
        queue_dry_run(lead_import.pk)
    return lead_import


def queue_dry_run(lead_import_id: int) -> None:
    """Have a worker do it once the present transaction is committed."""
    transaction.on_commit(partial(async_task, TRY_TASK, lead_import_id))


def run_dry_run(*, lead_import_id: int) -> LeadImport:
    """Do a dry run that was asked for, or one whose worker died, from its beginning; writes nothing but its numbers.

    Ends with nothing written when the draft was changed, committed or thrown away meanwhile, and is queued again when
    the worker is asked to stop. A file that turns out unreadable fails it, with the sentence in `dry_run["error"]`.
    Raises `import_not_runnable` where there is nothing to do.
    """
    run = _claim(lead_import_id)
    lead_import = LeadImport.objects.select_related("organization").get(pk=lead_import_id)
    preview = Preview()
    try:
        with fetch_parts(lead_import_id) as stream:
            look_through(
                preview,
                reading=reading_of(lead_import),
                stream=stream,
                organization=lead_import.organization,
                on_existing=lead_import.options["on_existing"],
                after_chunk=lambda _chunk: run.tell(preview),
            )
    except errors.FileRefused as refused:
        run.end(ProgressStatus.FAILED, {"error": str(refused)})
    except _GivenUp:
        pass  # whoever changed the draft, or wants us to stop, has said what comes next
    else:
        run.end(ProgressStatus.SUCCEEDED, preview.as_dict())
    lead_import.refresh_from_db()
    return lead_import


def fail_dry_run(*, lead_import_id: int, message: str) -> None:
    """End a dry run that met a fault of ours."""
    going = LeadImport.objects.filter(pk=lead_import_id, dry_run_status=ProgressStatus.RUNNING)
    going.update(dry_run_status=ProgressStatus.FAILED, dry_run={"error": message}, dry_run_at=Now())


def take_stalled_dry_runs() -> list[int]:
    """Name the dry runs nobody has worked on for STALE_AFTER: they can be queued again, and are named once."""
    silent = LeadImport.objects.filter(
        status=ImportStatus.DRAFT, dry_run_status__in=ProgressStatus.active, dry_run_at__lt=Now() - STALE_AFTER
    )
    keys = list(silent.order_by("pk").values_list("pk", flat=True))
    return [pk for pk in keys if silent.filter(pk=pk).update(dry_run_status=ProgressStatus.QUEUED, dry_run_at=Now())]


class _GivenUp(Exception):
    """The dry run is no longer wanted, or to be done by another worker."""


@dataclass(slots=True)
class _Run:
    """One worker's dry run, known by a name of its own: a second one of the same draft ends the first."""

    lead_import_id: int
    name: str
    told_at: float = 0.0

    def tell(self, preview: Preview) -> None:
        """Note how far it is, about once a second; ends the run where it is no longer wanted."""
        if is_stopping():
            self._ours().update(dry_run_status=ProgressStatus.QUEUED, dry_run={}, dry_run_at=Now())
            raise _GivenUp
        if time.monotonic() - self.told_at < _TELL_EVERY:
            return
        self.told_at = time.monotonic()
        if not self._ours().update(dry_run={"run": self.name, "rows": preview.rows_done}, dry_run_at=Now()):
            raise _GivenUp

    def end(self, status: ProgressStatus, result: dict[str, object]) -> None:
        self._ours().update(dry_run_status=status, dry_run=result, dry_run_at=Now())

    def _ours(self) -> QuerySet[LeadImport]:
        return LeadImport.objects.filter(
            pk=self.lead_import_id,
            status=ImportStatus.DRAFT,
            dry_run_status=ProgressStatus.RUNNING,
            dry_run__run=self.name,
        )


def _claim(lead_import_id: int) -> _Run:
    name = uuid.uuid4().hex
    free = Q(dry_run_status=ProgressStatus.QUEUED) | Q(
        dry_run_status=ProgressStatus.RUNNING, dry_run_at__lt=Now() - STALE_AFTER
    )
    asked = LeadImport.objects.filter(free, pk=lead_import_id, status=ImportStatus.DRAFT)
    if not asked.update(dry_run_status=ProgressStatus.RUNNING, dry_run={"run": name, "rows": 0}, dry_run_at=Now()):
        raise state_errors.not_runnable(lead_import_id)
    return _Run(lead_import_id, name)
