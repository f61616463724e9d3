import pytest
from django_q.signals import post_execute_in_worker, pre_execute
from django_q.tasks import async_task

from campaigns_project.workers import heartbeat
from campaigns_project.workers.models import WorkerHeartbeat

pytestmark = pytest.mark.django_db
TASK = {"name": "render chunk 7"}


@pytest.fixture(autouse=True)
def _named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(heartbeat.NAME_VARIABLE, "qcluster@test")


def test_a_task_taken_up_marks_its_cluster_busy():
    pre_execute.send(sender="django_q", func=None, task=TASK)

    row = WorkerHeartbeat.objects.get(name="qcluster@test")
    assert row.detail == "working on render chunk 7"
    assert row.busy_until > row.seen_at


def test_a_task_that_ended_frees_its_cluster():
    pre_execute.send(sender="django_q", func=None, task=TASK)

    post_execute_in_worker.send(sender="django_q", func=None, task=TASK)

    row = WorkerHeartbeat.objects.get(name="qcluster@test")
    assert (row.detail, row.busy_until) == ("idle", None)


def test_a_task_run_in_place_is_no_sign_of_a_cluster():
    async_task("campaigns_project.workers.tasks.echo", sync=True)

    assert not WorkerHeartbeat.objects.exists()
