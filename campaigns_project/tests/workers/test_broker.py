from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from django.core.signing import TimestampSigner
from django.db import connection
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.tasks import async_task

from campaigns_project.workers.broker import SENDING, Turns
from campaigns_project.workers.subjects import waiting_for

OTHERS = Conf.CLUSTER_NAME

pytestmark = pytest.mark.django_db


@pytest.fixture
def broker(monkeypatch):
    monkeypatch.setattr(Conf, "POLL", 0)
    return get_broker()


def queued(key: str, number: int = 1, *, since: timedelta = timedelta(seconds=1)) -> list[int]:
    lock = timezone.now() - since
    return [OrmQ.objects.create(key=key, payload=signed(key), lock=lock).pk for _ in range(number)]


def signed(text: str, secret: str = Conf.SECRET_KEY) -> str:
    return TimestampSigner(key=secret, salt=Conf.PREFIX).sign(text)


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

    assert [key for key, _ in broker.dequeue()] == [pk]
    assert get_broker().dequeue() is None
    assert OrmQ.objects.get().lock > timezone.now() + timedelta(seconds=Conf.RETRY - 60)
    OrmQ.objects.update(lock=timezone.now() - timedelta(seconds=1))
    assert [key for key, _ in broker.dequeue()] == [pk]
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


def test_what_was_queued_under_a_former_key_is_worked_and_what_another_key_signed_is_left_to_others(broker, settings):
    settings.SECRET_KEY_FALLBACKS = ["former"]
    foreign, former = (
        OrmQ.objects.create(key=OTHERS, payload=signed("work", secret), lock=timezone.now() - timedelta(seconds=1))
        for secret in ("of another machine", "former")
    )

    ((pk, payload),) = taken(broker)

    assert (pk, TimestampSigner(key=Conf.SECRET_KEY, salt=Conf.PREFIX, fallback_keys=[]).unsign(payload)) == (
        former.pk,
        "work",
    )
    assert OrmQ.objects.get(pk=foreign.pk).payload == foreign.payload


def test_a_task_of_another_key_is_given_back_soon_and_not_complained_of_each_time(broker, caplog):
    late = timezone.now() - timedelta(seconds=1)
    for _ in range(3):
        OrmQ.objects.create(key=OTHERS, payload=signed("work", "of another machine"), lock=late)
    (ours,) = queued(OTHERS)

    assert [pk for pk, _ in taken(broker)] == [ours]

    assert all(task.lock < timezone.now() + timedelta(seconds=60) for task in OrmQ.objects.exclude(pk=ours))
    assert len([record for record in caplog.records if "another SECRET_KEY" in record.message]) == 1


def test_a_task_under_a_former_key_is_seen_to_wait(settings, monkeypatch):
    monkeypatch.setattr(Conf, "SECRET_KEY", "former")
    async_task("leads.tasks.run", 7)
    monkeypatch.undo()
    assert waiting_for("leads.tasks.run") == set()

    settings.SECRET_KEY_FALLBACKS = ["former"]

    assert waiting_for("leads.tasks.run") == {7}


def test_the_clock_of_the_database_says_when_a_task_is_due(broker, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: datetime(2040, 1, 1, tzinfo=UTC))

    broker.enqueue(signed("by a machine far ahead"))

    assert len(taken(broker)) == 1
