from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.models import OrmQ

from campaigns_project.workers.broker import SENDING, Turns

OTHERS = Conf.CLUSTER_NAME

pytestmark = pytest.mark.django_db


@pytest.fixture
def broker(monkeypatch):
    monkeypatch.setattr(Conf, "POLL", 0)
    return get_broker()


def queued(key: str, number: int = 1, *, since: timedelta = timedelta(seconds=1)) -> list[int]:
    lock = timezone.now() - since
    return [OrmQ.objects.create(key=key, payload=key, lock=lock).pk for _ in range(number)]


def taken(broker: Turns) -> list[tuple[int, str]]:
    """All there is to take, in the order in which it is taken."""
    found = []
    while tasks := broker.dequeue():
        found += tasks
    return found


def test_sending_and_the_rest_take_turns_each_in_the_order_of_its_tasks(broker):
    others = queued(OTHERS, 5)
    sending = queued(SENDING, 2)

    assert [pk for pk, _ in taken(broker)] == [sending[0], others[0], sending[1], *others[1:]]


@pytest.mark.parametrize("kind", [SENDING, OTHERS])
def test_however_much_there_is_of_one_kind_the_other_comes_next(broker, kind):
    many, one = (kind, OTHERS) if kind == SENDING else (OTHERS, SENDING)
    queued(many, 20)
    broker.dequeue()
    broker.dequeue()

    late = queued(one)

    assert [pk for pk, _ in broker.dequeue()] == late


def test_a_task_is_taken_once_and_again_only_when_nobody_acknowledged_it_in_time(broker):
    (pk,) = queued(OTHERS)

    assert broker.dequeue() == [(pk, OTHERS)]
    assert get_broker().dequeue() is None
    assert OrmQ.objects.get().lock > timezone.now() + timedelta(seconds=Conf.RETRY - 60)
    OrmQ.objects.update(lock=timezone.now() - timedelta(seconds=1))
    assert broker.dequeue() == [(pk, OTHERS)]
    broker.acknowledge(pk)
    assert OrmQ.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_of_clusters_that_ask_at_once_each_task_goes_to_one(broker):
    tasks = queued(OTHERS, 15) + queued(SENDING, 15)
    begin = Barrier(2)

    def work() -> list[int]:
        begin.wait()
        try:
            return [pk for pk, _ in taken(get_broker())]
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first, second = (future.result() for future in [pool.submit(work) for _ in range(2)])

    assert sorted(first + second) == sorted(tasks)
