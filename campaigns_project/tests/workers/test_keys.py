import pytest

from campaigns_project.errors import StateRefused
from campaigns_project.runtime.health import Level
from campaigns_project.tests.runtime.health.conftest import levels
from campaigns_project.workers import heartbeat, keys
from campaigns_project.workers.models import WorkerKind

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
def test_a_worker_with_keys_that_we_have_not_is_found_out(settings, before, changed, former):
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


def _set(settings, values):
    for name, value in values.items():
        setattr(settings, name, value)
