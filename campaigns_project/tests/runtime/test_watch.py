import signal
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ

from campaigns_project.runtime.child import Child
from campaigns_project.runtime.watch import CLUSTER_LIMIT, TICK_LIMIT, Watch
from campaigns_project.workers import heartbeat
from campaigns_project.workers.models import WorkerKind

pytestmark = pytest.mark.django_db
START = 1000.0  # a reading of the steady clock


@pytest.fixture
def watched(tmp_path: Path) -> Iterator:
    """Watches over running processes that beat only when the test says so."""
    children: list[Child] = []

    def _watched(kind: WorkerKind) -> Watch:
        command = [sys.executable, "-c", "import time; time.sleep(600)"]
        child = Child(kind, command, stop_signal=signal.SIGTERM, folder=tmp_path)
        children.append(child)
        child.step()
        return Watch(child)

    yield _watched
    for child in children:
        child.kill()


def beat(watch: Watch, **more) -> None:
    heartbeat.beat(kind=watch.child.kind, name=watch.child.name, pid=1, **more)


def work_waits(seconds: float) -> None:
    OrmQ.objects.create(key=Conf.CLUSTER_NAME, payload="", lock=timezone.now() - timedelta(seconds=seconds))


def test_a_tick_that_beats_is_left_alone(watched):
    watch = watched(WorkerKind.TICK)

    for turn in range(3):
        beat(watch)
        assert watch.verdict(now=START + turn * (TICK_LIMIT - 1)) == ""


def test_a_tick_whose_heartbeat_stopped_is_found(watched):
    watch = watched(WorkerKind.TICK)
    beat(watch)
    watch.verdict(now=START)

    assert watch.verdict(now=START + TICK_LIMIT) == ""
    assert watch.verdict(now=START + TICK_LIMIT + 1) == "no heartbeat for 61 s"


def test_a_tick_that_never_beat_is_found_too(watched):
    watch = watched(WorkerKind.TICK)
    watch.verdict(now=START)

    assert watch.verdict(now=START + TICK_LIMIT + 1) == "no heartbeat for 61 s"


def test_time_in_which_we_were_blind_does_not_count(watched):
    watch = watched(WorkerKind.TICK)
    beat(watch)
    watch.verdict(now=START)
    watch.begin_anew(now=START + 500)

    assert watch.verdict(now=START + 501) == ""


def test_a_silent_cluster_without_work_is_idle(watched):
    watch = watched(WorkerKind.QCLUSTER)
    beat(watch)
    watch.verdict(now=START)

    assert watch.verdict(now=START + 10 * CLUSTER_LIMIT) == ""


def test_a_cluster_that_leaves_work_waiting_hangs(watched):
    watch = watched(WorkerKind.QCLUSTER)
    beat(watch)
    watch.verdict(now=START)
    work_waits(CLUSTER_LIMIT + 5)

    assert watch.verdict(now=START + CLUSTER_LIMIT) == ""
    assert "it took up nothing for 31 s" in watch.verdict(now=START + CLUSTER_LIMIT + 1)


def test_a_cluster_that_takes_up_work_does_not_hang_however_much_waits(watched):
    watch = watched(WorkerKind.QCLUSTER)
    work_waits(3600)

    for turn in range(3):
        beat(watch)
        assert watch.verdict(now=START + turn * CLUSTER_LIMIT) == ""


def test_a_cluster_busy_with_long_tasks_does_not_hang(watched):
    watch = watched(WorkerKind.QCLUSTER)
    beat(watch, busy_for=timedelta(minutes=2))
    watch.verdict(now=START)
    work_waits(90)

    assert watch.verdict(now=START + 90) == ""


def test_another_machines_heartbeat_does_not_speak_for_this_one(watched):
    watch, elsewhere = watched(WorkerKind.QCLUSTER), watched(WorkerKind.QCLUSTER)
    beat(watch)
    watch.verdict(now=START)
    work_waits(CLUSTER_LIMIT + 5)
    beat(elsewhere)

    assert watch.verdict(now=START + CLUSTER_LIMIT + 1) != ""
