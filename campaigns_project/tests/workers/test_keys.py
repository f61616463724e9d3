from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now

from campaigns_project.errors import StateRefused
from campaigns_project.runtime.health import Level
from campaigns_project.runtime.supervisor import Supervisor
from campaigns_project.tests.runtime.health.conftest import levels
from campaigns_project.workers import heartbeat, keys
from campaigns_project.workers.models import WorkerHeartbeat, WorkerKind

pytestmark = pytest.mark.django_db


def another_works() -> None:
    heartbeat.beat(kind=WorkerKind.SUPERVISOR, name="supervisor@there", pid=1, detail=keys.in_use())


@pytest.mark.parametrize(
    ("before", "changed", "former"),
    [
        ({"SECRET_KEY": "one"}, {"SECRET_KEY": "another"}, {"SECRET_KEY_FALLBACKS": ["one"]}),
        (
            {"FIELD_ENCRYPTION_KEYS": ["one"]},
            {"FIELD_ENCRYPTION_KEYS": ["another"]},
            {"FIELD_ENCRYPTION_KEYS": ["another", "one"]},
        ),
    ],
)
def test_a_worker_with_keys_that_we_have_not_is_found_out(settings, monkeypatch, before, changed, former):
    monkeypatch.setattr(keys, "sleep", lambda _: WorkerHeartbeat.objects.update(seen_at=Now()))
    _set(settings, before)
    another_works()
    assert keys.require_readable() is None

    _set(settings, changed)

    assert Level.FAIL in levels("workers")
    with pytest.raises(StateRefused) as refused:
        keys.require_readable()
    assert refused.value.code == "keys_differ"
    _set(settings, former)
    assert keys.require_readable() is None


def test_a_worker_that_was_killed_is_waited_for_and_not_taken_for_another(settings, monkeypatch, caplog):
    waited = []

    def a_second(seconds):
        waited.append(seconds)
        WorkerHeartbeat.objects.update(seen_at=F("seen_at") - timedelta(seconds=seconds))

    monkeypatch.setattr(keys, "sleep", a_second)
    another_works()
    settings.SECRET_KEY = "another"

    keys.require_readable()

    assert 15 < sum(waited) <= heartbeat.SILENT_AFTER[WorkerKind.SUPERVISOR].total_seconds() + 1
    assert "waiting up to 20 s" in caplog.text


def test_of_two_that_start_together_with_different_keys_the_second_ends(settings, tmp_path):
    first, second = Supervisor(folder=tmp_path), Supervisor(folder=tmp_path)
    keys.require_readable()
    first.register()
    settings.SECRET_KEY = "another"

    with pytest.raises(StateRefused, match="another SECRET_KEY"):
        second.register()

    assert [row.name for row in WorkerHeartbeat.objects.all()] == [first.name]


def _set(settings, values):
    for name, value in values.items():
        setattr(settings, name, value)
