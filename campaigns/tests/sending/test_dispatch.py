"""Lanes are got going whatever else the workers have to do."""

import pytest
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ

from campaigns.sending import dispatch as dispatching
from campaigns.sending.dispatch import dispatch
from campaigns.task_names import SEND
from campaigns.tests.sending.sending import started_campaign
from campaigns_project.workers import heartbeat
from campaigns_project.workers.broker import SENDING
from campaigns_project.workers.models import WorkerKind

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(monkeypatch):
    monkeypatch.setattr(dispatching, "_queued_at", {})  # of this process: other tests have queued lanes, too
    heartbeat.beat(kind=WorkerKind.QCLUSTER, name="qcluster@here", pid=1, capacity=2, detail="idle")
    return started_campaign(now=timezone.now())


def lanes() -> list[int]:
    return [queued.task["args"][0] for queued in OrmQ.objects.filter(key=SENDING).order_by("pk")]


def test_a_lane_for_each_worker_process_is_queued_apart_from_all_other_work(
    campaign, django_capture_on_commit_callbacks
):
    OrmQ.objects.bulk_create(OrmQ(key=Conf.CLUSTER_NAME, payload="", lock=timezone.now()) for _ in range(50))

    with django_capture_on_commit_callbacks(execute=True):
        assert dispatch() == 2

    assert lanes() == [0, 1]
    assert {queued.func() for queued in OrmQ.objects.filter(key=SENDING)} == {SEND}


def test_while_nobody_works_the_queue_does_not_fill_with_lanes(campaign, django_capture_on_commit_callbacks):
    for _ in range(4):
        with django_capture_on_commit_callbacks(execute=True):
            dispatch()
        dispatching._queued_at.clear()  # as if each had been long ago

    assert lanes() == [0, 1, 0, 1]
