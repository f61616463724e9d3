"""The last look for rows whose parent is gone."""

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from campaigns_project.cleanup.nightly import latest_orphan_report
from campaigns_project.runtime.health.check import Check, Level, in_words

OLD = timedelta(days=2)  # it is looked for every night
AGAIN = "It is looked every night while a worker runs; to look now: manage.py cleanup_orphans --dry-run."


def examine_orphans() -> Iterator[Check]:
    """What it found, and how long ago."""
    report = latest_orphan_report()
    if report is None or report.finished_at is None:
        yield Check("orphans", Level.NOTE, "Nobody has looked for rows without a parent yet.", AGAIN)
        return
    age = timezone.now() - report.finished_at
    level = Level.WARN if report.needs_attention else Level.OK
    fix = "manage.py cleanup_orphans removes them; with --dry-run it only shows them." if report.left else ""
    counts = tuple(f"{place}: {number}" for place, number in report.counts.items())
    told = tuple(str(problem) for problem in report.problems)
    message = f"{report.sentence} Looked {in_words(age)} ago."
    yield Check("orphans", level, message, fix, details=counts + told, shareable=message)
    if age > OLD:
        yield Check("orphans", Level.WARN, "Nobody has looked since.", AGAIN)
