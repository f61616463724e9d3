"""Look for orphans once a night, whatever machines there are, and keep what was found."""

from datetime import datetime, time, timedelta
from functools import partial

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django_q.tasks import async_task

from campaigns_project.cleanup.models import OrphanReport
from campaigns_project.cleanup.sweep import Sweep, sweep

TASK = "campaigns_project.cleanup.tasks.look_for_orphans"
FROM = time(3)  # in the installation's time zone, when least is sent; a system that was down looks when it is up again
STALE_AFTER = timedelta(hours=1)  # a look takes seconds to minutes: whose worker said nothing for so long is dead
MOST_TRIES = 3
KEPT_FOR = timedelta(days=400)


def latest_orphan_report() -> OrphanReport | None:
    """The newest finished look at the whole database, nightly or by hand; None before the first."""
    return OrphanReport.objects.filter(only_table="").exclude(finished_at=None).order_by("-finished_at", "-pk").first()


def look_nightly(*, now: datetime) -> bool:
    """Queue tonight's look unless that was done; true when it was queued now. For a clock that calls it often."""
    local = timezone.localtime(now)
    if local.time() < FROM:
        return False
    with transaction.atomic():
        report, is_new = OrphanReport.objects.get_or_create(
            night=local.date(), defaults={"queued_at": now, "asked_by": "the nightly look"}
        )
        if not is_new and not _taken_over(report, now=now):
            return False
        OrphanReport.objects.filter(queued_at__lt=now - KEPT_FOR).delete()
        transaction.on_commit(partial(async_task, TASK, report.pk))
    return True


def _taken_over(report: OrphanReport, *, now: datetime) -> bool:
    """True for the one who finds that tonight's look was begun and never ended."""
    stale = OrphanReport.objects.filter(
        pk=report.pk, finished_at=None, queued_at__lt=now - STALE_AFTER, tries__lt=MOST_TRIES
    )
    return bool(stale.update(queued_at=now, tries=F("tries") + 1))


def look_for(report: OrphanReport, *, now: datetime) -> OrphanReport:
    """Do what `report` was queued for: look, change nothing, and note what was found. Done again it does nothing."""
    if report.finished_at is None:
        note(report, sweep(dry_run=True), now=now)
    return report


def note(report: OrphanReport, swept: Sweep, *, now: datetime) -> None:
    """Keep what came of it; the report is finished by that."""
    report.found, report.removed = swept.found, swept.mended
    report.counts, report.problems, report.finished_at = swept.counts, swept.problems, now
    report.save(update_fields=["found", "removed", "counts", "problems", "finished_at"])
