from datetime import timedelta

import pytest
from django.db.models.functions import Now

from campaigns_project.workers import heartbeat
from campaigns_project.workers.models import WorkerHeartbeat, WorkerKind

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def was_seen(name: str, ago: timedelta) -> None:
    WorkerHeartbeat.objects.filter(name=name).update(seen_at=Now() - ago)


def test_a_later_beat_moves_the_time_seen_and_keeps_who_it_was():
    heartbeat.beat(kind=WorkerKind.TICK, name="tick@a", pid=11, detail="standing by")
    was_seen("tick@a", 5 * MINUTE)
    before = WorkerHeartbeat.objects.get()

    heartbeat.beat(kind=WorkerKind.TICK, name="tick@a", pid=99, detail="leading")

    after = WorkerHeartbeat.objects.get()
    assert (after.pid, after.started_at, after.detail) == (11, before.started_at, "leading")
    assert after.seen_at > before.seen_at


def test_alive_are_those_of_the_kind_seen_in_time():
    for name in ("tick@now", "tick@late"):
        heartbeat.beat(kind=WorkerKind.TICK, name=name, pid=1)
    heartbeat.beat(kind=WorkerKind.SUPERVISOR, name="supervisor@now", pid=1)
    was_seen("tick@late", 2 * MINUTE)

    assert [row.name for row in heartbeat.alive(WorkerKind.TICK, within=MINUTE)] == ["tick@now"]


def test_who_leaves_is_struck_off_and_the_dead_are_forgotten_after_a_day():
    for name in ("tick@left", "tick@dead", "tick@missing"):
        heartbeat.beat(kind=WorkerKind.TICK, name=name, pid=1)
    was_seen("tick@dead", timedelta(days=2))
    was_seen("tick@missing", timedelta(hours=2))

    heartbeat.leave("tick@left")
    forgotten = heartbeat.forget_the_dead()

    assert forgotten == 1
    assert [row.name for row in WorkerHeartbeat.objects.all()] == ["tick@missing"]


def test_a_supervised_process_goes_by_the_name_it_was_given(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(heartbeat.NAME_VARIABLE, "tick@given")

    assert heartbeat.own_name(WorkerKind.TICK) == "tick@given"


def test_two_processes_of_one_machine_have_two_names():
    assert heartbeat.new_name(WorkerKind.TICK) != heartbeat.new_name(WorkerKind.TICK)
