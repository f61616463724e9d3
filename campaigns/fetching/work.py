"""A turn at a fetch, what ends it, and what becomes of it when it fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Now

from campaigns.errors import FailCode, SnapshotChanged, StartRefused
from campaigns.fetching.opened import OPEN, end_fetch, remember
from campaigns.fetching.steps import STEPS
from campaigns.fetching.turn import Gone, ImportGone, Turn
from campaigns.lifecycle.filled import begin_filled, fail_by_system
from campaigns.locks import SOON, AudienceTaken, Lock, let_go, take_for_session
from campaigns.models import Job
from campaigns.open_jobs import take_silent
from campaigns.task_names import FETCH
from campaigns_project.errors import Refused
from campaigns_project.states import ProgressStatus
from leads.imports.state_errors import ImportStateRefused, TooBusy
from leads.imports.tries import again_after
from leads.providers.errors import ProviderLimited, ProviderRefused
from leads.providers.registry import provider_class

STALE_AFTER = timedelta(minutes=3)  # one call to a provider, with its tries, takes less
MOST_ATTEMPTS = 5  # turns in a row that got nowhere: it kills its worker, or breaks off each time
UNREACHABLE_WAITS = (30, 120, 600, 1800)  # seconds before a provider that could not be reached is tried again


def work_on_fetch(*, job_id: int, now: datetime, budget: timedelta) -> bool:
    """Go on with a fetch for `budget`; True when there is more to do at once.

    Of two that work at once one gives up (False). Killed at any point and called again, it goes on: pages that came
    are kept with their cursor, and nobody is bought twice. A provider that asks for patience is asked again at its
    hour; one that says no fails the fetch, and the campaign whose start waits for it.
    """
    with _held(job_id) as is_ours:
        turn = Turn.begin(job_id, now=now, budget=budget) if is_ours else None
        if turn is None:
            return False
        try:
            return _work(turn)
        except Gone:
            return False
        except ImportGone:
            return _end_with_import(turn)
        except AudienceTaken as taken:
            return _wait(turn, turn.now + SOON, str(taken))
        except Refused as refused:
            return _broken_off(turn, refused)


def note_failure(*, job_id: int, message: str) -> None:
    """Say on the job why it stands still; it is tried again after a while."""
    Job.objects.filter(OPEN, pk=job_id).update(status=ProgressStatus.STALLED, error_message=message, heartbeat_at=Now())


def take_waiting(*, now: datetime) -> list[int]:
    """Fetches whose hour has come, or whose worker died (by the database's clock), to be queued again."""
    # As a text: of a JSON, one that is missing is no null.
    jobs = Job.objects.filter(OPEN).annotate(hour=Cast(KT("state__retry_at"), TextField()))
    dead = take_silent(jobs.filter(hour__isnull=True), after=STALE_AFTER, task=FETCH)
    hours = jobs.filter(hour__isnull=False).values_list("pk", "hour")
    ready = [pk for pk, hour in hours if datetime.fromisoformat(hour) <= now]
    return [*dead, *(pk for pk in ready if remember(Job.objects.filter(OPEN, pk=pk), retry_at=None))]


@contextmanager
def _held(job_id: int) -> Iterator[bool]:
    is_ours = take_for_session(Lock.FETCH, job_id % 2**31)
    try:
        yield is_ours
    finally:
        if is_ours:
            let_go(Lock.FETCH, job_id % 2**31)


def _work(turn: Turn) -> bool:
    if turn.job.state["attempts"] > MOST_ATTEMPTS:
        message = f"It broke off {MOST_ATTEMPTS} times in a row while it {turn.phase.label}; the log says more."
        return _fail(turn, FailCode.FETCH_FAILED, message, "broke_off")
    while turn.has_time:
        turn.check_import()
        step = STEPS.get(turn.phase)
        if step is None:
            return _conclude(turn)
        step(turn)
    return True


def _broken_off(turn: Turn, refused: Refused) -> bool:
    if isinstance(refused, TooBusy):
        return _wait(turn, turn.now + again_after(), str(refused))
    if isinstance(refused, ImportStateRefused):
        return turn.is_import_ended  # just now, which the next turn sees
    if isinstance(refused, ProviderLimited):
        return _wait(turn, refused.retry_at, str(refused))
    if isinstance(refused, ProviderRefused):
        return _wait_or_fail(turn, refused)
    return _fail(turn, FailCode.FETCH_FAILED, str(refused), refused.code)


def _conclude(turn: Turn) -> bool:
    """Everybody is in, or nobody."""
    result = turn.job.result
    if not result["received"]:
        return _fail(turn, FailCode.NOBODY_FOUND, f"{_name(turn)} found nobody for this search.", "no_records")
    if not turn.job.state["then_send"]:
        end_fetch(turn.job, ProgressStatus.SUCCEEDED)
        return False
    if not turn.campaign.recipients.exists():
        return _fail(turn, FailCode.NOBODY_ENROLLED, _nobody(turn), "nobody_enrolled")
    return _begin(turn)


def _begin(turn: Turn) -> bool:
    try:
        begin_filled(job=turn.job, now=turn.now, on_progress=turn.touch)
    except SnapshotChanged:
        return True  # somebody was enrolled or a step was edited while the mails were made: made again
    except StartRefused as refused:
        problems = refused.details["problems"]
        error = "\n".join(f"{one['code']}: {one['message']}" for one in problems)
        return _fail(turn, FailCode.START_REFUSED, str(refused), error)
    return False


def _nobody(turn: Turn) -> str:
    result = turn.job.result
    if result["received"] == result["problems"]:
        return f"None of the {result['received']:,} people {_name(turn)} told of can be written to."
    reasons = ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in result["skipped"].items())
    return f"None of the {result['received']:,} people {_name(turn)} told of could be enrolled: {reasons}."


def _name(turn: Turn) -> str:
    return provider_class(turn.source.search.provider).label


def _wait(turn: Turn, at: datetime, why: str, **kept: Any) -> bool:
    """Nothing is wrong: the job waits for its hour, and no worker with it."""
    fields = {"status": ProgressStatus.QUEUED, "error_message": why}
    remember(Job.objects.filter(OPEN, pk=turn.job.pk), fields=fields, attempts=0, retry_at=_iso(at), **kept)
    return False


def _wait_or_fail(turn: Turn, refused: ProviderRefused) -> bool:
    tried = turn.job.state.get("unreachable", 0)
    if refused.is_passing and tried < len(UNREACHABLE_WAITS):
        at = turn.now + timedelta(seconds=UNREACHABLE_WAITS[tried])
        return _wait(turn, at, str(refused), unreachable=tried + 1)
    return _fail(turn, FailCode.FETCH_FAILED, str(refused), refused.code)


def _fail(turn: Turn, code: FailCode, message: str, error: str) -> bool:
    """The fetch has failed, and so has the campaign that waited for it."""
    turn.job.refresh_from_db()
    if turn.job.state["then_send"]:
        fail_by_system(job=turn.job, code=code, message=message, error=error, now=turn.now)
    else:
        end_fetch(turn.job, ProgressStatus.FAILED, error_message=message)
    return False


def _end_with_import(turn: Turn) -> bool:
    """Somebody canceled the import by itself: so ends the fetch, and the start that waited for it."""
    message = f"Import {turn.lead_import} of this fetch was canceled: nobody more is bought."
    if turn.job.state["then_send"]:
        fail_by_system(
            job=turn.job,
            code=FailCode.FETCH_FAILED,
            message=message,
            error="import_canceled",
            now=turn.now,
            fetch=ProgressStatus.CANCELED,
        )
    else:
        end_fetch(turn.job, ProgressStatus.CANCELED, error_message=message)
    return False


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
