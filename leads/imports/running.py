"""A received file into leads, chunk by chunk; each chunk is one transaction with its own progress.

Killed at any moment, it goes on behind the last chunk that was committed. Two workers cannot both do a chunk: each
moves `rows_done` from the value it has seen, in the transaction of the chunk, and the one that comes second undoes its.
"""

import json
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from campaigns_project.states import ProgressStatus
from campaigns_project.workers.stopping import is_stopping
from leads.imports import errors
from leads.imports.checking import Chunk, RowProblem, checked_chunks
from leads.imports.cleaning import storable
from leads.imports.matching import Columns
from leads.imports.merging import merge
from leads.imports.reading import Layout, Table
from leads.imports.storing import fetch_parts
from leads.models import ImportStatus, LeadImport

STALE_AFTER = timedelta(minutes=3)  # a chunk takes seconds, even beside a busy database
OnProgress = Callable[[LeadImport], object]

_COPY_PROBLEMS = 'COPY lead_import_problems (lead_import_id, row_number, "column", code, message, "row") FROM STDIN'


def run_import(
    *, lead_import_id: int, now: datetime, budget: timedelta | None = None, on_progress: OnProgress | None = None
) -> LeadImport:
    """Run a queued import, or go on with one whose worker died, to its end.

    With a `budget` it stops after the chunk in which that time is over and leaves the import queued for the next run;
    at least one chunk is done. So it does when its worker is asked to stop. A file that turns out unreadable ends as
    failed with the sentence. Canceling takes effect between two chunks. Raises `import_not_runnable` when another
    worker runs it or it has ended.
    """
    lead_import = _claim(lead_import_id, now)
    deadline = time.monotonic() + budget.total_seconds() if budget is not None else None
    try:
        is_done = _run_chunks(lead_import, deadline, on_progress)
    except errors.FileRefused as refused:
        fail_import(lead_import_id=lead_import_id, message=str(refused))
    else:
        _release(lead_import, is_done=is_done)
    return LeadImport.objects.get(pk=lead_import_id)


def fail_import(*, lead_import_id: int, message: str) -> bool:
    """End an import as failed, with a sentence for people; False when it had ended before. What was done stays."""
    going = LeadImport.objects.filter(pk=lead_import_id).exclude(status__in=ProgressStatus.ended)
    return bool(going.update(status=ProgressStatus.FAILED, error_message=message, finished_at=Now()))


def take_stalled() -> list[int]:
    """Mark the imports nobody has worked on for STALE_AFTER as stalled, and name them: they can be queued again.

    By the clock of the database. Whoever calls it first gets them; the next call names them after another STALE_AFTER.
    """
    silent = LeadImport.objects.annotate(heard_at=Coalesce("heartbeat_at", "created_at")).filter(
        status__in=ImportStatus.going, heard_at__lt=Now() - STALE_AFTER
    )
    taken = []
    for lead_import_id in silent.order_by("pk").values_list("pk", flat=True):
        if silent.filter(pk=lead_import_id).update(status=ProgressStatus.STALLED, heartbeat_at=Now()):
            taken.append(lead_import_id)
    return taken


def _claim(lead_import_id: int, now: datetime) -> LeadImport:
    free = Q(status__in=(ProgressStatus.QUEUED, ProgressStatus.STALLED)) | Q(
        status=ProgressStatus.RUNNING, heartbeat_at__lt=Now() - STALE_AFTER
    )
    claimed = LeadImport.objects.filter(free, pk=lead_import_id).update(
        status=ProgressStatus.RUNNING, started_at=Coalesce(F("started_at"), now), heartbeat_at=Now()
    )
    if not claimed:
        raise errors.not_runnable(lead_import_id)
    return LeadImport.objects.select_related("organization").get(pk=lead_import_id)


def _run_chunks(lead_import: LeadImport, deadline: float | None, on_progress: OnProgress | None) -> bool:
    """True at the end of the file; False when the time was over before, or someone canceled the import."""
    layout, columns = _reading_of(lead_import)
    with fetch_parts(lead_import.pk) as stream:
        table = Table(stream, layout=layout, file_name=lead_import.file_name)
        for chunk in checked_chunks(table, columns=columns, skip=lead_import.rows_done):
            if not _write_chunk(lead_import, chunk):
                return False
            if on_progress:
                on_progress(lead_import)
            if is_stopping() or (deadline is not None and time.monotonic() > deadline):
                return lead_import.rows_done == lead_import.total_rows
    return True


def _reading_of(lead_import: LeadImport) -> tuple[Layout, Columns]:
    options = lead_import.options
    layout = Layout(lead_import.encoding, lead_import.delimiter, options["skip_lines"])
    return layout, Columns(tuple(options["header"]), tuple(options["targets"]))


def _write_chunk(lead_import: LeadImport, chunk: Chunk) -> bool:
    """Rows, problems and progress in one transaction; False, and nothing written, when the import is no longer ours."""
    with transaction.atomic():
        _do_not_wait_for_the_disk()
        merged = merge(
            chunk.rows,
            organization_id=lead_import.organization_id,
            lead_import_id=lead_import.pk,
            on_existing=lead_import.options["on_existing"],
            tag_ids=lead_import.options["tag_ids"],
        )
        _write_problems(lead_import.pk, chunk.problems)
        ours = LeadImport.objects.filter(
            pk=lead_import.pk, status=ProgressStatus.RUNNING, rows_done=lead_import.rows_done
        )
        moved = ours.update(
            rows_done=F("rows_done") + len(chunk),
            created_count=F("created_count") + merged.created,
            updated_count=F("updated_count") + merged.updated,
            unchanged_count=F("unchanged_count") + merged.unchanged,
            problem_count=F("problem_count") + len(chunk.problems),
            heartbeat_at=Now(),
        )
        if not moved:
            transaction.set_rollback(True)
            return False
    lead_import.refresh_from_db()
    return True


def _do_not_wait_for_the_disk() -> None:
    """A crash of the database may undo the last chunks, but each with its progress: the import then does them again."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit TO off")


def _write_problems(lead_import_id: int, problems: Sequence[RowProblem]) -> None:
    if not problems:
        return
    with connection.cursor() as cursor, cursor.copy(_COPY_PROBLEMS) as copy:
        for row in problems:
            found = row.problem
            cells = json.dumps([storable(cell) for cell in row.cells], ensure_ascii=False)
            copy.write_row(
                (lead_import_id, row.number, storable(found.column), found.code, storable(found.message), cells)
            )


def _release(lead_import: LeadImport, *, is_done: bool) -> None:
    """Succeeded, or queued again for the next run; a canceled import stays what it is. The file is kept no longer."""
    ours = LeadImport.objects.filter(pk=lead_import.pk, status=ProgressStatus.RUNNING, rows_done=lead_import.rows_done)
    with transaction.atomic():
        if not is_done:
            ours.update(status=ProgressStatus.QUEUED, heartbeat_at=Now())
        elif ours.update(status=ProgressStatus.SUCCEEDED, finished_at=Now()):
            lead_import.parts.all().delete()
