"""The task queue: how much waits and for how long; and what came of the work, failures and mails."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models.functions import Now
from django_q.models import Failure

from campaigns.models import Job, Message, MessageStatus
from campaigns_project.runtime.health.check import Check, Level, counted, in_words
from campaigns_project.states import ProgressStatus
from campaigns_project.workers.queue import queue_state

SLOW, STUCK = timedelta(minutes=1), timedelta(minutes=10)
FAILURES_OVER, PACE_OVER = timedelta(days=1), timedelta(minutes=1)


def examine_queue() -> Iterator[Check]:
    """Depth and age of the queue; tells nothing of any organization."""
    state = queue_state()
    waits = f"{counted(state.waiting, 'task')} waiting, {state.claimed} in work"
    if state.oldest_wait <= SLOW:
        yield Check("queue", Level.OK, f"{waits}.")
        return
    yield Check(
        "queue",
        Level.FAIL if state.oldest_wait > STUCK else Level.WARN,
        f"{waits}; the oldest has waited for {in_words(state.oldest_wait)}.",
        "Give it more workers: a higher WORKERS, or manage.py run_worker on another machine.",
    )


def examine_work() -> Iterator[Check]:
    """Failures of a day and mails of a minute, of all organizations together."""
    yield _failed()
    recent = Message.objects.filter(status=MessageStatus.SENT, sent_at__gt=Now() - PACE_OVER)
    yield Check("work", Level.OK, f"{counted(recent.count(), 'mail')} left in the last minute.")


def _failed() -> Check:
    tasks = Failure.objects.filter(stopped__gt=Now() - FAILURES_OVER).count()
    jobs = Job.objects.filter(status=ProgressStatus.FAILED, finished_at__gt=Now() - FAILURES_OVER).count()
    if not tasks + jobs:
        return Check("work", Level.OK, "No task and no job has failed in the last 24 hours.")
    failed = [counted(number, noun) for number, noun in ((tasks, "task"), (jobs, "job")) if number]
    message = f"{' and '.join(failed)} failed in the last 24 hours."
    return Check("work", Level.WARN, message, "Each says why in the admin, under Failed tasks and under Jobs.")
