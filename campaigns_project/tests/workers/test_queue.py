from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ

from campaigns_project.workers.queue import ENOUGH_ECHOES, enqueue_echo, queue_state

pytestmark = pytest.mark.django_db


def queued(lock: timedelta) -> OrmQ:
    return OrmQ.objects.create(key=Conf.CLUSTER_NAME, payload="", lock=timezone.now() + lock)


def test_an_empty_queue_has_nothing_waiting():
    state = queue_state()

    assert (state.waiting, state.claimed, state.oldest_wait) == (0, 0, timedelta())


def test_the_state_tells_waiting_from_claimed_and_how_long_the_oldest_waits():
    queued(timedelta(seconds=-90))
    queued(timedelta(seconds=-5))
    queued(timedelta(seconds=300))

    state = queue_state()

    assert (state.waiting, state.claimed) == (2, 1)
    assert timedelta(seconds=90) <= state.oldest_wait < timedelta(seconds=100)


def test_another_clusters_queue_does_not_count():
    OrmQ.objects.create(key="another", payload="", lock=timezone.now() - timedelta(hours=1))

    assert queue_state().waiting == 0


def test_echoes_stop_while_nobody_works_them():
    answers = [enqueue_echo() for _ in range(ENOUGH_ECHOES + 3)]

    assert answers == [True] * ENOUGH_ECHOES + [False] * 3
    assert OrmQ.objects.count() == ENOUGH_ECHOES


def test_tasks_that_nobody_can_read_do_not_end_the_signs_of_life(monkeypatch):
    monkeypatch.setattr(Conf, "SECRET_KEY", "lost")
    while enqueue_echo():
        pass
    monkeypatch.undo()

    assert enqueue_echo()
