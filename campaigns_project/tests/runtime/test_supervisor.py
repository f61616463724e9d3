"""The real thing: run_worker in a process of its own, with a real cluster and a real tick."""

import signal
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from campaigns_project.tests.processes import family_of, living, started, stop, wait_until
from campaigns_project.workers import heartbeat
from campaigns_project.workers.models import WorkerHeartbeat, WorkerKind

pytestmark = pytest.mark.django_db(transaction=True)
WITHIN = timedelta(minutes=1)


def alive(kind: WorkerKind) -> set[str]:
    return set(heartbeat.alive(kind, WITHIN).values_list("name", flat=True))


def test_a_killed_cluster_is_replaced_and_a_stop_leaves_nothing_behind(tmp_path: Path):
    log = tmp_path / "log"
    with started("manage.py", "run_worker", log=log) as worker:
        wait_until(lambda: WorkerHeartbeat.objects.filter(kind="qcluster", detail="idle"), "a task was worked", log)
        assert (len(alive(WorkerKind.SUPERVISOR)), len(alive(WorkerKind.TICK))) == (1, 1)
        cluster = WorkerHeartbeat.objects.get(kind="qcluster")
        orphans = psutil.Process(cluster.pid).children(recursive=True)

        psutil.Process(cluster.pid).kill()

        wait_until(lambda: alive(WorkerKind.QCLUSTER) - {cluster.name}, "a new cluster is up", log)
        wait_until(lambda: not living(orphans), "nothing of the old cluster is left", log)
        assert "ended by itself, killed by SIGKILL" in log.read_text()
        family = family_of(worker)

        assert stop(worker, signal.SIGTERM) == 0

    wait_until(lambda: not living(family), "everything ended", log)
    assert not alive(WorkerKind.SUPERVISOR)


def test_a_killed_supervisor_takes_its_children_along(tmp_path: Path):
    log = tmp_path / "log"
    with started("manage.py", "run_worker", log=log) as worker:
        wait_until(lambda: WorkerHeartbeat.objects.filter(kind="qcluster", detail="idle"), "a task was worked", log)
        family = family_of(worker)

        worker.kill()

        wait_until(lambda: not living(family), "its children ended too", log)
        worker.wait()


def test_the_log_names_the_database_and_not_its_password(tmp_path: Path):
    log = tmp_path / "log"
    with started("manage.py", "run_worker", log=log) as worker:
        wait_until(lambda: "supervising with database" in log.read_text(), "it started", log)
        stop(worker, signal.SIGINT)

    assert "database=test_" in log.read_text()
    assert "password" not in log.read_text()
