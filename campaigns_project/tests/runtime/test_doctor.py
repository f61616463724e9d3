import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ

from campaigns.tests.factories import SenderFactory, SendingHaltFactory
from campaigns_project.runtime.doctor import Check, Level, examine, exit_code
from campaigns_project.tests.processes import free_port
from campaigns_project.workers import heartbeat
from campaigns_project.workers.models import WorkerKind

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _without_mailbox(settings) -> None:
    settings.SANDBOX_SMTP_PORT = free_port()


def found(name: str) -> list[Check]:
    return [check for check in examine() if check.name == name]


def levels(name: str) -> list[Level]:
    return [check.level for check in found(name)]


def everybody_works() -> None:
    for kind in WorkerKind:
        heartbeat.beat(kind=kind, name=f"{kind}@test", pid=1, capacity=2)


def test_a_database_with_all_its_tables_is_well():
    assert (levels("database"), levels("migrations")) == ([Level.OK], [Level.OK])
    assert found("database")[0].message.startswith("Postgres ")


def test_missing_workers_are_failures_that_say_how_to_start_them():
    checks = found("workers")

    assert [check.level for check in checks] == [Level.FAIL] * 3
    assert all("run_worker" in check.fix for check in checks)


def test_living_workers_are_counted():
    everybody_works()

    assert levels("workers") == [Level.OK] * 3
    assert found("workers")[2].message.startswith("1 task cluster on 1 machine, 2 tasks at a time; the last sign is ")


@pytest.mark.parametrize(
    ("waited", "level"), [(0, Level.OK), (120, Level.WARN), (3600, Level.FAIL)], ids=["at once", "slow", "stuck"]
)
def test_the_queue_is_judged_by_its_oldest_task(waited: int, level: Level):
    OrmQ.objects.create(key=Conf.CLUSTER_NAME, payload="", lock=timezone.now() - timedelta(seconds=waited))

    assert levels("queue") == [level]


def test_a_missing_migration_is_a_failure_and_ends_the_examination():
    MigrationRecorder(connection).record_unapplied("workers", "0001_initial")

    assert levels("migrations") == [Level.FAIL]
    assert found("workers") == []


def test_a_mailbox_that_does_not_answer_counts_as_a_dependency_that_is_down():
    everybody_works()

    checks = examine()

    assert [check.name for check in checks if check.down] == ["mailbox"]
    assert exit_code(checks) == 8


def test_without_the_sandbox_links_to_this_machine_are_a_failure(settings):
    settings.SANDBOX, settings.PUBLIC_URL = False, "http://localhost:8000"

    assert levels("settings") == [Level.FAIL]
    assert found("mailbox") == []


def test_senders_are_counted():
    assert levels("senders") == [Level.WARN]
    SenderFactory()

    assert (levels("senders"), found("senders")[0].message) == ([Level.OK], "1 of 1 sender may be used now.")


@pytest.mark.parametrize(
    ("checks", "code"),
    [
        ([], 0),
        ([Check("a", Level.WARN, "hm")], 0),
        ([Check("a", Level.FAIL, "no")], 6),
        ([Check("a", Level.FAIL, "no"), Check("b", Level.FAIL, "gone", down=True)], 8),
    ],
)
def test_the_exit_code_tells_unhealthy_from_down(checks: list[Check], code: int):
    assert exit_code(checks) == code


def test_the_command_prints_one_json_object_and_exits_by_the_findings():
    output = StringIO()

    with pytest.raises(SystemExit) as end:
        call_command("doctor", "--json", stdout=output)

    answer = json.loads(output.getvalue())
    assert end.value.code == 8
    assert (answer["schema"], answer["healthy"]) == ("fairlead.doctor/1", False)
    assert {check["name"] for check in answer["checks"]} >= {"database", "workers", "queue", "mailbox"}


def test_the_lines_carry_a_mark_and_what_to_do():
    output = StringIO()

    with pytest.raises(SystemExit):
        call_command("doctor", stdout=output, no_color=True)

    assert "✓ database " in output.getvalue()
    assert "✗ workers " in output.getvalue()


def test_an_emergency_stop_is_told_with_how_to_end_it():
    SendingHaltFactory(organization=None, reason="relay burns")

    (check,) = found("sending")

    assert (check.level, "relay burns" in check.message, "resume_sending" in check.fix) == (Level.WARN, True, True)
