"""A received file into leads, chunk by chunk; each chunk is one transaction with its own progress.

A chunk is written as received, as staged and as leads at once. Killed at any moment, an import goes on behind the last
chunk that was committed. Two workers cannot both do a chunk: each
moves `rows_done` from the value it has seen, in the transaction of the chunk, and the one that comes second undoes its.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from campaigns_project.workers.queue import queue_later
from campaigns_project.workers.stopping import is_stopping
from leads.imports import errors, state_errors
from leads.imports.ahead import made_ahead
from leads.imports.checking import CHUNK_ROWS, Chunk, Keeping, rechecked
from leads.imports.comparing import Merged
from leads.imports.ending import end_import
from leads.imports.keys import RawKeys
from leads.imports.merging import Raced
from leads.imports.opening import reading_of
from leads.imports.people import People
from leads.imports.receiving import RUN_TASK
from leads.imports.shutting_out import shut_out
from leads.imports.storing import fetch_parts
from leads.imports.tries import again_after, tries
from leads.imports.writing import write_rows
from leads.models import ImportSource, ImportStatus, LeadImport

STALE_AFTER = timedelta(minutes=3)  # a chunk takes seconds, even beside a busy database
OnProgress = Callable[[LeadImport], object]
logger = logging.getLogger(__name__)


def run_import(
    *, lead_import_id: int, now: datetime, budget: timedelta | None = None, on_progress: OnProgress | None = None
) -> LeadImport:
    """Run a queued import, or go on with one whose worker died, to its end.

    With a `budget` it stops after the chunk in which that time is over and leaves the import queued for the next run;
    at least one chunk is done. So it does when its worker is asked to stop. A file that turns out unreadable ends as
    failed with the sentence. Canceling takes effect between two chunks. Raises `import_not_runnable` when another
    worker runs it or it has ended, and `import_too_busy` when others write the same leads all the time: a worker goes
    on some seconds later.
    """
    lead_import = _claim(lead_import_id, now)
    deadline = time.monotonic() + budget.total_seconds() if budget is not None else None
    try:
        is_done = _run_chunks(lead_import, deadline, on_progress)
    except errors.FileRefused as refused:
        fail_import(lead_import_id=lead_import_id, message=str(refused))
    except state_errors.TooBusy as busy:
        _put_off(lead_import, str(busy))
        raise
    else:
        _release(lead_import, is_done=is_done)
    return LeadImport.objects.get(pk=lead_import_id)


def fail_import(*, lead_import_id: int, message: str) -> bool:
    """End an import as failed, with a sentence for people; False when it had ended before. What was done stays."""
    return end_import(lead_import_id, status=ImportStatus.FAILED, error_message=message)


def take_stalled() -> list[int]:
    """Mark the imports nobody has worked on for STALE_AFTER as stalled, and name them: they can be queued again.

    By the clock of the database. Whoever calls it first gets them; the next call names them after another STALE_AFTER.
    """
    silent = LeadImport.objects.annotate(heard_at=Coalesce("heartbeat_at", "created_at")).filter(
        status__in=ImportStatus.going, source__in=ImportSource.in_parts, heard_at__lt=Now() - STALE_AFTER
    )
    taken = []
    for lead_import_id in silent.order_by("pk").values_list("pk", flat=True):
        if silent.filter(pk=lead_import_id).update(status=ImportStatus.STALLED, heartbeat_at=Now()):
            taken.append(lead_import_id)
    return taken


def _claim(lead_import_id: int, now: datetime) -> LeadImport:
    free = Q(status__in=(ImportStatus.QUEUED, ImportStatus.STALLED)) | Q(
        status=ImportStatus.RUNNING, heartbeat_at__lt=Now() - STALE_AFTER
    )
    claimed = LeadImport.objects.filter(free, pk=lead_import_id, source__in=ImportSource.in_parts).update(
        status=ImportStatus.RUNNING,
        started_at=Coalesce(F("started_at"), now),
        heartbeat_at=Now(),
        error_message="",
    )
    if not claimed:
        raise state_errors.not_runnable(lead_import_id)
    return LeadImport.objects.select_related("organization", "created_by").get(pk=lead_import_id)


def _run_chunks(lead_import: LeadImport, deadline: float | None, on_progress: OnProgress | None) -> bool:
    """True at the end of the file; False when the time was over before, or someone canceled the import."""
    people = People(lead_import.organization)
    reading = reading_of(lead_import)
    keys = RawKeys(rows=reading.rows - lead_import.rows_done)
    keys.reserve(2 * CHUNK_ROWS)  # for the chunk that is written, and for the one that is made meanwhile
    keeping = Keeping(lead_import.pk, keys)
    with (
        fetch_parts(lead_import.pk) as stream,
        made_ahead(reading.chunks(stream, people=people, skip=lead_import.rows_done, keeping=keeping)) as chunks,
    ):
        for chunk in chunks:
            keys.reserve(len(chunk))
            if not _write_chunk(lead_import, chunk, people, reading.email_column):
                return False
            if on_progress:
                on_progress(lead_import)
            if is_stopping() or (deadline is not None and time.monotonic() > deadline):
                return lead_import.rows_done == lead_import.total_rows
    return True


def _write_chunk(lead_import: LeadImport, chunk: Chunk, people: People, email_column: str) -> bool:
    """Rows and progress in one transaction; False, and nothing written, when the import is no longer ours.

    Whoever is marked as not to be written to is suppressed before that: killed in between, nobody was brought in who
    could be written to, and suppressing them once more does no harm.
    """
    if chunk.opted_out and _ours(lead_import).exists():
        shut_out(lead_import, chunk.opted_out, at=timezone.now())
    for _ in tries():
        try:
            return _try_chunk(lead_import, chunk, people, email_column)
        except Raced:
            logger.info("a chunk of import %s is done again: others wrote the same leads", lead_import.pk)
            people.read_anew()
    raise state_errors.TooBusy(lead_import.pk)


def _try_chunk(lead_import: LeadImport, chunk: Chunk, people: People, email_column: str) -> bool:
    with transaction.atomic():
        do_not_wait_for_the_disk()
        if not hold(lead_import):
            return False
        if people.refresh():
            chunk = rechecked(chunk, people=people, email_column=email_column)
        merged = write_rows(lead_import, chunk)
        LeadImport.objects.filter(pk=lead_import.pk).update(
            rows_received=F("rows_received") + len(chunk),
            rows_staged=F("rows_staged") + len(chunk),
            do_not_contact_count=F("do_not_contact_count") + len(chunk.opted_out),
            **progress(merged, len(chunk.problems)),
        )
    lead_import.refresh_from_db()
    return True


def hold(lead_import: LeadImport) -> bool:
    """Keep everybody else from the import until the transaction ends; False when it is no longer ours.

    It is ours while it runs and stands where we left it: another worker may have taken it over, or a person ended it.
    """
    return _ours(lead_import).select_for_update(no_key=True).exists()


def _ours(lead_import: LeadImport) -> QuerySet[LeadImport]:
    return LeadImport.objects.filter(pk=lead_import.pk, status=ImportStatus.RUNNING, rows_done=lead_import.rows_done)


def progress(merged: Merged, problems: int) -> dict[str, Any]:
    """What the counts of an import become by a chunk that is done."""
    return {
        "rows_done": F("rows_done") + sum(merged) + problems,
        "created_count": F("created_count") + merged.created,
        "updated_count": F("updated_count") + merged.updated,
        "unchanged_count": F("unchanged_count") + merged.unchanged,
        "problem_count": F("problem_count") + problems,
        "heartbeat_at": Now(),
    }


def do_not_wait_for_the_disk() -> None:
    """A crash of the database may undo the last chunks, but each with its progress: the import then does them again.

    Nor is a statement compiled, which for a few thousand rows takes longer than to run it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit TO off; SET LOCAL jit TO off")


@transaction.atomic
def _put_off(lead_import: LeadImport, why: str) -> None:
    if _ours(lead_import).update(status=ImportStatus.QUEUED, error_message=why, heartbeat_at=Now()):
        transaction.on_commit(partial(queue_later, RUN_TASK, lead_import.pk, after=again_after()))


def _release(lead_import: LeadImport, *, is_done: bool) -> None:
    """Succeeded, or queued again for the next run; a canceled import stays what it is. The file is kept no longer."""
    ours = _ours(lead_import)
    if not is_done:
        ours.update(status=ImportStatus.QUEUED, heartbeat_at=Now())
    else:
        end_import(lead_import.pk, status=ImportStatus.SUCCEEDED, rows_done=lead_import.rows_done)
