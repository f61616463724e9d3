import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns_project.workers.duty_log import LONGEST_ERROR, DutyLog
from campaigns_project.workers.models import DutyRun

pytestmark = pytest.mark.django_db


def test_all_duties_are_written_in_one_statement_and_once():
    log = DutyLog()
    for name in ("a", "b", "a"):
        log.note(name, every_seconds=1, begun=time.monotonic())

    with CaptureQueriesContext(connection) as asked:
        written = [log.write(), log.write()]

    assert (written, len(asked)) == ([2, 0], 1)


def test_a_run_is_kept_with_the_time_it_took_and_when_it_ended():
    log = DutyLog()
    log.note("a", every_seconds=60, begun=time.monotonic() - 3)
    log.write()

    run = DutyRun.objects.get(name="a")

    assert (run.every_seconds, round(run.took_seconds)) == (60, 3)
    assert abs(timezone.now() - run.ran_at) < timedelta(seconds=30)
    assert (run.succeeded_at, run.failed_at, run.error) == (run.ran_at, None, "")


def test_a_failure_is_kept_beside_the_last_success():
    log = DutyLog()
    log.note("a", every_seconds=1, begun=time.monotonic())
    log.write()
    succeeded = DutyRun.objects.get(name="a").succeeded_at
    log.note("a", every_seconds=1, begun=time.monotonic(), error=ValueError("no" * LONGEST_ERROR))
    log.write()

    run = DutyRun.objects.get(name="a")

    assert (run.succeeded_at, run.failed_at, len(run.error)) == (succeeded, run.ran_at, LONGEST_ERROR)


def test_the_last_failure_stays_to_be_read_after_a_success():
    log = DutyLog()
    log.note("a", every_seconds=1, begun=time.monotonic(), error=ValueError("no"))
    log.write()
    minute_ago = timezone.now() - timedelta(minutes=1)
    DutyRun.objects.update(ran_at=minute_ago, failed_at=minute_ago)
    log.note("a", every_seconds=1, begun=time.monotonic())
    log.write()

    run = DutyRun.objects.get(name="a")

    assert (run.error, run.failed_at) == ("ValueError: no", minute_ago)
    assert run.ran_at == run.succeeded_at > minute_ago
