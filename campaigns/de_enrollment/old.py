"""Runs of long ago: whom they took out first, the runs with their counts later."""

from datetime import datetime, timedelta

from campaigns.models import DeEnrollmentLog, DeEnrollmentRun

LOGS_KEPT = timedelta(days=90)
RUNS_KEPT = timedelta(days=400)
BATCH = 5_000


def remove_old_runs(*, now: datetime) -> int:
    """Delete what is older than that; how many rows. The recipients keep their exit reason and its time."""
    old_logs = DeEnrollmentLog.objects.filter(run__finished_at__lt=now - LOGS_KEPT).order_by("pk")
    removed = 0
    while some := list(old_logs.values_list("pk", flat=True)[:BATCH]):
        removed += DeEnrollmentLog.objects.filter(pk__in=some).delete()[0]
    old_runs = DeEnrollmentRun.objects.filter(finished_at__lt=now - RUNS_KEPT).order_by("pk")
    while some := list(old_runs.values_list("pk", flat=True)[:BATCH]):
        removed += DeEnrollmentRun.objects.filter(pk__in=some).delete()[0]
    return removed
