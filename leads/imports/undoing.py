"""An import taken back: the leads it made go, unless somebody has begun to work with them.

A lead that was there before keeps what the import changed in it: its history says what stood there. Whoever was
suppressed because the file marked them stays suppressed: somebody said no, and that the file was the wrong one does not
unsay it.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django_q.tasks import async_task

from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.states import ProgressStatus
from campaigns_project.workers.stopping import is_stopping
from leads.imports import state_errors
from leads.imports.running import STALE_AFTER, do_not_wait_for_the_disk
from leads.models import (
    ImportStatus,
    Lead,
    LeadAlias,
    LeadChange,
    LeadImport,
    LeadTag,
    SegmentMember,
    StagedLead,
    StagedStatus,
)
from leads.removal import kept_among

WITHIN = timedelta(hours=24)  # later, people have seen these leads and count on them
UNDO_TASK = "leads.imports.tasks.undo_import_task"
# Why a lead stays, beside the words of `leads.removal`.
CHANGED, IN_OTHER_IMPORT, TAGGED, IN_SEGMENT = "changed", "in_other_import", "tagged", "in_segment"
LOOKED_AT = 10_000  # leads that a preview looks at, so that it answers at once
_BATCH = 2_000  # deleted in one transaction, with everything that hangs on them: some 100 ms


@dataclass(slots=True)
class UndoPreview:
    """What undoing would do: of `looked_at` leads that the import made and that are still there, `removable` would go.

    `kept` counts those that stay by why; one lead may be under several. `is_all` is false when there are more leads
    than were looked at; with all of them, `removable` is exact. `do_not_contact` are the rows whose people stay
    suppressed.
    """

    looked_at: int = 0
    removable: int = 0
    kept: Counter[str] = field(default_factory=Counter)
    is_all: bool = True
    do_not_contact: int = 0


def preview_undo(*, lead_import: LeadImport, now: datetime) -> UndoPreview:
    """What `undo_import` would do now; raises what it would raise, and writes nothing."""
    _refuse(lead_import, now)
    preview = UndoPreview(do_not_contact=lead_import.do_not_contact_count)
    ids = _made_after(lead_import, 0, LOOKED_AT + 1)
    preview.is_all = len(ids) <= LOOKED_AT
    reasons = _kept(lead_import, ids[:LOOKED_AT])
    preview.looked_at = len(ids[:LOOKED_AT])
    preview.kept = Counter({word: len(kept) for word, kept in reasons.items() if kept})
    preview.removable = preview.looked_at - len(set().union(*reasons.values()))
    return preview


@transaction.atomic
def undo_import(*, lead_import: LeadImport, actor: Actor, now: datetime, in_background: bool = True) -> LeadImport:
    """Have a worker remove the leads that an import made and nobody has touched; with `in_background` off, the caller.

    Until 24 hours after its end, and once: raises `undo_not_ended`, `undo_too_late` and `undone_already`.
    """
    locked = LeadImport.objects.select_for_update().get(pk=lead_import.pk)
    _refuse(locked, now)
    LeadImport.objects.filter(pk=locked.pk).update(
        undo_status=ProgressStatus.QUEUED, undone_at=now, undone_count=0, heartbeat_at=Now()
    )
    locked.refresh_from_db()
    record(
        action="import.undone",
        entity=locked,
        organization_id=locked.organization_id,
        actor=actor,
        after={"created": locked.created_count},
    )
    if in_background:
        queue_undo(locked.pk)
    return locked


def queue_undo(lead_import_id: int) -> None:
    """Have a worker do it once the present transaction is committed."""
    transaction.on_commit(partial(async_task, UNDO_TASK, lead_import_id))


def run_undo(*, lead_import_id: int, budget: timedelta | None = None) -> LeadImport:
    """Do an undo that was asked for, or go on with one whose worker died; counts what went in `undone_count`.

    Behind the `budget`, or asked to stop, it leaves the rest queued. Raises `import_not_runnable` where there is
    nothing to do.
    """
    free = Q(undo_status=ProgressStatus.QUEUED) | Q(
        undo_status=ProgressStatus.RUNNING, heartbeat_at__lt=Now() - STALE_AFTER
    )
    asked = LeadImport.objects.filter(free, pk=lead_import_id)
    if not asked.update(undo_status=ProgressStatus.RUNNING, heartbeat_at=Now()):
        raise state_errors.not_runnable(lead_import_id)
    lead_import = LeadImport.objects.get(pk=lead_import_id)
    deadline = time.monotonic() + budget.total_seconds() if budget is not None else None
    behind = 0
    while ids := _made_after(lead_import, behind, _BATCH):
        _remove(lead_import, ids)
        behind = ids[-1]
        if is_stopping() or (deadline is not None and time.monotonic() > deadline):
            _move(lead_import, ProgressStatus.QUEUED)
            break
    else:
        _move(lead_import, ProgressStatus.SUCCEEDED)
    lead_import.refresh_from_db()
    return lead_import


def take_stalled_undos() -> list[int]:
    """Name the undos nobody has worked on for STALE_AFTER: they can be queued again, and are named once."""
    silent = LeadImport.objects.filter(undo_status__in=ProgressStatus.active, heartbeat_at__lt=Now() - STALE_AFTER)
    keys = list(silent.order_by("pk").values_list("pk", flat=True))
    return [pk for pk in keys if silent.filter(pk=pk).update(undo_status=ProgressStatus.QUEUED, heartbeat_at=Now())]


def _refuse(lead_import: LeadImport, now: datetime) -> None:
    if lead_import.undone_at is not None:
        raise state_errors.undone_already(lead_import.pk, lead_import.undone_at)
    if lead_import.status not in ImportStatus.ended or lead_import.finished_at is None:
        raise state_errors.undo_not_ended(lead_import.pk, lead_import.status)
    if now - lead_import.finished_at > WITHIN:
        raise state_errors.undo_too_late(
            lead_import.pk, lead_import.finished_at, hours=int(WITHIN.total_seconds()) // 3600
        )


def _made_after(lead_import: LeadImport, behind: int, limit: int) -> list[int]:
    made = Lead.objects.filter(lead_import=lead_import, pk__gt=behind)
    return list(made.order_by("pk").values_list("pk", flat=True)[:limit])


@transaction.atomic
def _remove(lead_import: LeadImport, ids: Sequence[int]) -> None:
    do_not_wait_for_the_disk()
    # The rows first: an enrollment that is under way holds them by its foreign key, and is then seen below.
    locked = list(Lead.objects.filter(pk__in=ids).order_by("pk").select_for_update().values_list("pk", flat=True))
    going = set(locked).difference(*_kept(lead_import, locked).values())
    removed, _ = Lead.objects.filter(pk__in=going).delete()
    LeadImport.objects.filter(pk=lead_import.pk).update(undone_count=F("undone_count") + removed, heartbeat_at=Now())


def _kept(lead_import: LeadImport, ids: Sequence[int]) -> dict[str, set[int]]:
    """Those of the leads that stay, by why."""
    return {
        CHANGED: set(_changed(ids).values_list("pk", flat=True)),
        IN_OTHER_IMPORT: set(_brought_again(lead_import, ids).values_list("lead", flat=True)),
        TAGGED: set(_tagged_besides(lead_import, ids).values_list("lead", flat=True)),
        IN_SEGMENT: set(SegmentMember.objects.filter(lead__in=ids).values_list("lead", flat=True)),
        **kept_among(ids),
    }


def _changed(ids: Sequence[int]) -> QuerySet[Lead]:
    """Leads that a person, a key or another import has changed, or that another lead was merged into."""
    changes = LeadChange.objects.filter(lead=OuterRef("pk"))
    aliases = LeadAlias.objects.filter(lead=OuterRef("pk"))
    was_changed = Q(updated_at__gt=F("created_at")) | Exists(changes) | Exists(aliases)
    return Lead.objects.filter(was_changed, pk__in=ids)


def _brought_again(lead_import: LeadImport, ids: Sequence[int]) -> QuerySet[StagedLead]:
    """Rows of other imports that met these leads, if only to find nothing to change; not of one taken back itself."""
    promoted = StagedLead.objects.filter(lead__in=ids, status=StagedStatus.PROMOTED, lead_import__undone_at=None)
    return promoted.exclude(lead_import=lead_import)


def _tagged_besides(lead_import: LeadImport, ids: Sequence[int]) -> QuerySet[LeadTag]:
    """Tags that something else than this import has put on them."""
    return LeadTag.objects.filter(lead__in=ids).exclude(tag__in=lead_import.options.get("tag_ids", []))


def _move(lead_import: LeadImport, status: ProgressStatus) -> None:
    LeadImport.objects.filter(pk=lead_import.pk).update(undo_status=status, heartbeat_at=Now())
