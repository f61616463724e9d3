"""The duties of the tick: which are overdue, which failed the last time."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from campaigns_project.runtime.duties import DUTIES, Duty
from campaigns_project.runtime.health.check import Check, Level, in_words
from campaigns_project.workers.models import DutyRun

GRACE = timedelta(seconds=15)  # beside one another duties take turns, and a new leader needs a moment
TURNS_LATE = 3  # of its own interval
AGO = ExpressionWrapper(Now() - F("ran_at"), output_field=DurationField())


def examine_schedule() -> Iterator[Check]:
    """One finding about punctuality, one for each duty that failed the last time it ran."""
    runs = {run.name: run for run in DutyRun.objects.annotate(ago=AGO)}
    overdue = [duty for duty in DUTIES if _is_overdue(duty, runs.get(duty.name))]
    lines = tuple(_line(duty, runs.get(duty.name)) for duty in DUTIES)
    if overdue:
        first = _line(overdue[0], runs.get(overdue[0].name))
        yield Check(
            "schedule",
            Level.FAIL,
            f"{len(overdue)} of {len(DUTIES)} duties are overdue, such as: {first}.",
            "The tick does them: see that one leads (manage.py run_worker), and what its log says.",
            details=lines,
        )
    else:
        yield Check("schedule", Level.OK, f"All {len(DUTIES)} duties of the tick were done on time.", details=lines)
    for duty in DUTIES:
        run = runs.get(duty.name)
        if run is not None and run.failed_at and run.failed_at == run.ran_at:
            message = f"The duty “{duty.name}” failed the last time: {run.error}"
            kind = run.error.partition(":")[0]
            fix = "The log of the tick has the whole error."
            yield Check("schedule", Level.FAIL, message, fix, shareable=f"The duty “{duty.name}” failed: {kind}.")


def _is_overdue(duty: Duty, run: Any) -> bool:
    return run is None or run.ago > GRACE + timedelta(seconds=duty.every_seconds) * TURNS_LATE


def _line(duty: Duty, run: Any) -> str:
    last = f"last {in_words(run.ago)} ago" if run else "never done"
    return f"“{duty.name}”, every {in_words(timedelta(seconds=duty.every_seconds))}, {last}"
