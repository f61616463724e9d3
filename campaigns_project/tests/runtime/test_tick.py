from collections.abc import Iterator

import pytest

from campaigns_project.runtime.duties import DUTIES, Duty
from campaigns_project.runtime.tick import Tick
from campaigns_project.tests.runtime.test_leadership import cut_off_the_leader
from campaigns_project.workers.models import WorkerHeartbeat

pytestmark = pytest.mark.django_db


@pytest.fixture
def tick_with() -> Iterator:
    ticks: list[Tick] = []

    def _tick(*duties: Duty) -> Tick:
        ticks.append(Tick(duties))
        return ticks[-1]

    yield _tick
    for tick in ticks:
        tick._leadership.give_up()


def broken() -> None:
    raise ZeroDivisionError("out of luck")


def test_a_broken_duty_is_logged_and_the_others_are_done(tick_with, caplog: pytest.LogCaptureFixture):
    done: list[str] = []
    tick = tick_with(Duty("broken", broken, 1), Duty("good", lambda: done.append("good"), 1))

    tick.turn()

    assert done == ["good"]
    assert "duty broken failed" in caplog.text
    assert "out of luck" in caplog.text


def test_a_duty_is_done_when_it_is_due_and_not_before(tick_with):
    done: list[str] = []
    tick = tick_with(
        Duty("always", lambda: done.append("always"), 0), Duty("rarely", lambda: done.append("rarely"), 60)
    )

    tick.turn()
    tick.turn()

    assert done == ["always", "rarely", "always"]


def test_who_does_not_lead_does_nothing_but_stand_by(tick_with):
    done: list[str] = []
    leader, other = tick_with(), tick_with(Duty("duty", lambda: done.append("duty"), 0))
    leader.turn()

    other.turn()

    assert done == []
    assert set(WorkerHeartbeat.objects.values_list("name", "detail")) == {
        (leader.name, "leading"),
        (other.name, "standing by"),
    }


@pytest.mark.django_db(transaction=True)
def test_a_lost_database_session_costs_one_turn(tick_with, caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO")
    done: list[str] = []
    tick = tick_with(Duty("duty", lambda: done.append("duty"), 0))
    tick.turn()
    cut_off_the_leader()

    tick.turn()
    assert "tick is without database" in caplog.text
    assert done == ["duty"]
    tick.turn()
    assert done == ["duty", "duty"]


def test_every_duty_has_a_name_of_its_own():
    names = [duty.name for duty in DUTIES]

    assert len(set(names)) == len(names)
