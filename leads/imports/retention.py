"""Rows as received are kept for a month: long enough to explain what became of them, and no longer.

Leads and the counts of their import stay. With the rows go their staged leads and what enriched them.
"""

from contextlib import suppress
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from campaigns_project.audit.actors import SYSTEM
from leads.imports.canceling import discard_draft
from leads.imports.running import do_not_wait_for_the_disk
from leads.imports.state_errors import ImportStateRefused
from leads.models import ImportStatus, LeadImport, RawLead

_BATCH = 5_000  # rows of one transaction: some 100 ms


def is_any_due(*, now: datetime) -> bool:
    """Whether there is something to remove."""
    return _old_drafts(now).exists() or _due(now).exists()


def remove_old_rows(*, now: datetime, most: int = 200) -> int:
    """Remove rows that are due, at most that many batches of them; how many rows. What is left is done the next time.

    Drafts that nobody has committed in that time are thrown away with their file.
    """
    for draft in _old_drafts(now).order_by("pk"):
        with suppress(ImportStateRefused):  # somebody commits it, or throws it away, at this very moment
            discard_draft(lead_import=draft, actor=SYSTEM)
    removed = 0
    for lead_import in _due(now).order_by("pk"):
        while gone := _remove_batch(lead_import) if most else 0:
            removed, most = removed + gone, most - 1
        if not most:
            break
        _mark(lead_import, now)
    return removed


def _due(now: datetime) -> QuerySet[LeadImport]:
    ended = LeadImport.objects.filter(status__in=ImportStatus.ended, rows_removed_at=None)
    return ended.filter(finished_at__lt=_before(now))


def _old_drafts(now: datetime) -> QuerySet[LeadImport]:
    return LeadImport.objects.filter(status=ImportStatus.DRAFT, created_at__lt=_before(now))


def _before(now: datetime) -> datetime:
    return now - timedelta(days=settings.IMPORT_ROWS_KEPT_DAYS)


@transaction.atomic
def _remove_batch(lead_import: LeadImport) -> int:
    do_not_wait_for_the_disk()
    first = RawLead.objects.filter(lead_import=lead_import).order_by("row_number").values("pk")[:_BATCH]
    gone, _ = RawLead.objects.filter(pk__in=list(first.values_list("pk", flat=True))).delete()
    return gone


def _mark(lead_import: LeadImport, now: datetime) -> None:
    """The samples of its dry run name people too; the counts are in the import itself."""
    LeadImport.objects.filter(pk=lead_import.pk).update(rows_removed_at=now, dry_run={})
