"""Carry a run out: everybody it finds is written down by one statement, then taken out in batches.

What is written down and not settled yet is the work that is left, so that a run goes on wherever a dead worker was.
"""

import time
from collections import Counter
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from campaigns.de_enrollment.judging import Scope, count_active, judged
from campaigns.enrollment import stop_each
from campaigns.locks import Lock, let_go, retried, take_for_session
from campaigns.models import DeEnrollmentLog, DeEnrollmentRun, ExitReason, Outcome, Recipient, RecipientStatus
from campaigns_project.database.plans import without_loops
from campaigns_project.states import ProgressStatus

BATCH = 5_000  # people whose rows are locked together: some 200 ms


def work_on_run(*, run_id: int, now: datetime, budget: timedelta | None = None) -> bool:
    """Go on with the run for as long as the budget lasts; False when it has ended, or somebody else is at it."""
    if not take_for_session(Lock.SWEEP, run_id % 2**31):
        return False
    try:
        return _work(run_id, now, budget)
    finally:
        let_go(Lock.SWEEP, run_id % 2**31)


def fail_run(*, run_id: int, message: str) -> bool:
    """End a run that broke off; whom it has taken out stays out. False when it had ended."""
    open_run = DeEnrollmentRun.objects.filter(pk=run_id, status__in=ProgressStatus.active)
    return bool(open_run.update(status=ProgressStatus.FAILED, error_message=message, finished_at=Now()))


def _work(run_id: int, now: datetime, budget: timedelta | None) -> bool:
    run = DeEnrollmentRun.objects.select_related("organization", "campaign").filter(pk=run_id).first()
    if run is None or run.status not in ProgressStatus.active:
        return False
    until = None if budget is None else time.monotonic() + budget.total_seconds()
    if run.status == ProgressStatus.QUEUED:
        _write_down(run, now)
    while not run.is_dry_run and _settle_some(run):
        if until is not None and time.monotonic() >= until:
            return True
    _finish(run)
    return False


def _scope(run: DeEnrollmentRun) -> Scope:
    return Scope(organization=run.organization, campaign=run.campaign, lead_ids=tuple(run.lead_ids))


@transaction.atomic
def _write_down(run: DeEnrollmentRun, now: datetime) -> None:
    """Everybody who must leave, by one statement over all who are in."""
    scope = _scope(run)
    statement, params = judged(scope, now=now)
    outcome = Outcome.WOULD_LEAVE if run.is_dry_run else Outcome.FOUND
    scanned = count_active(scope)
    with without_loops() as cursor:
        cursor.execute(_WRITE_DOWN.format(judged=statement), {**params, "run": run.pk, "outcome": outcome.value})
        found = cursor.rowcount
    DeEnrollmentRun.objects.filter(pk=run.pk, status=ProgressStatus.QUEUED).update(
        status=ProgressStatus.RUNNING, scanned=scanned, found=found, started_at=now, heartbeat_at=Now()
    )


@retried
@transaction.atomic
def _settle_some(run: DeEnrollmentRun) -> int:
    """Take the next of them out, as far as they are still in and still must leave; how many were settled."""
    left = DeEnrollmentLog.objects.filter(run=run.pk, outcome=Outcome.FOUND).order_by("recipient")
    ids = list(left.values_list("recipient", flat=True)[:BATCH])
    if not ids:
        return 0
    rows = Recipient.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
    held = dict(rows.values_list("pk", "status"))
    # Read only now: the clock must not be behind the news of those who were waited for.
    at = timezone.now()
    reasons = _judge_again(run, ids, at)
    gone = stop_each(reasons, at=at)
    outcomes = dict.fromkeys(ids, Outcome.CLEARED)
    outcomes |= {pk: Outcome.ALREADY_OUT for pk, status in held.items() if status in RecipientStatus.OUT}
    outcomes |= dict.fromkeys(gone, Outcome.REMOVED)
    _note(run, outcomes, reasons, at)
    return len(ids)


def _judge_again(run: DeEnrollmentRun, ids: list[int], at: datetime) -> dict[int, ExitReason]:
    """By what is known now, under the locks: a suppression may have been lifted, or a weightier reason have come."""
    statement, params = judged(_scope(run), now=at, ids=ids)
    with without_loops() as cursor:
        cursor.execute(statement, params)
        return {pk: ExitReason(reason) for pk, reason, _ in cursor.fetchall()}


def _note(run: DeEnrollmentRun, outcomes: dict[int, Outcome], reasons: dict[int, ExitReason], at: datetime) -> None:
    noted = list(outcomes)
    with connection.cursor() as cursor:
        cursor.execute(
            _NOTE,
            {
                "run": run.pk,
                "ids": noted,
                "outcomes": [outcomes[pk].value for pk in noted],
                "reasons": [reasons[pk].value if pk in reasons else None for pk in noted],
                "at": at,
            },
        )
    counts = Counter(outcomes.values())
    DeEnrollmentRun.objects.filter(pk=run.pk).update(
        removed=F("removed") + counts[Outcome.REMOVED],
        already_out=F("already_out") + counts[Outcome.ALREADY_OUT],
        cleared=F("cleared") + counts[Outcome.CLEARED],
        heartbeat_at=Now(),
    )


@transaction.atomic
def _finish(run: DeEnrollmentRun) -> None:
    """How many for each reason, and how late. A sweep of the tick's that found nobody takes the last one's place that
    found nobody either: lists show what happened."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_REASON, [run.pk])
        by_reason = dict(cursor.fetchall())
        cursor.execute(_LAGS, [run.pk])
        lags = dict(zip(("lag_p50", "lag_p95", "lag_most"), cursor.fetchone(), strict=True))
    open_run = DeEnrollmentRun.objects.filter(pk=run.pk, status__in=ProgressStatus.active)
    open_run.update(
        status=ProgressStatus.SUCCEEDED, by_reason=by_reason, finished_at=timezone.now(), heartbeat_at=Now(), **lags
    )
    if run.is_automatic and DeEnrollmentRun.objects.filter(pk=run.pk, found=0).exists():
        before = DeEnrollmentRun.objects.filter(organization=run.organization_id, is_automatic=True, pk__lt=run.pk)
        before.filter(found=0, status=ProgressStatus.SUCCEEDED).delete()


_WRITE_DOWN = """
INSERT INTO de_enrollment_logs (run_id, recipient_id, reason, trigger_at, outcome)
SELECT %(run)s, judged.id, judged.reason, judged.trigger_at, %(outcome)s FROM ({judged}) judged
"""
_NOTE = """
UPDATE de_enrollment_logs log
SET outcome = noted.outcome, reason = coalesce(noted.reason, log.reason), settled_at = greatest(%(at)s, log.trigger_at)
FROM unnest(%(ids)s::bigint[], %(outcomes)s::text[], %(reasons)s::text[]) AS noted(id, outcome, reason)
WHERE log.run_id = %(run)s AND log.recipient_id = noted.id
"""
_BY_REASON = """
SELECT reason, count(*) FROM de_enrollment_logs
WHERE run_id = %s AND outcome IN ('removed', 'would_leave') GROUP BY 1 ORDER BY 1
"""
_LAGS = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY lag), percentile_cont(0.95) WITHIN GROUP (ORDER BY lag), max(lag)
FROM (
    SELECT extract(epoch FROM settled_at - trigger_at)::float8 AS lag FROM de_enrollment_logs
    WHERE run_id = %s AND outcome = 'removed'
) late
"""
