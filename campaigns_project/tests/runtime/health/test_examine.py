"""What is found, subject by subject."""

import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import Failure, OrmQ

from campaigns.sending.journal import journal_folder
from campaigns.tests.factories import (
    CampaignFactory,
    InboundWebhookFactory,
    MessageFactory,
    SenderFactory,
    SendingHaltFactory,
)
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.record import record
from campaigns_project.cleanup.models import OrphanReport
from campaigns_project.database.identity import configured
from campaigns_project.faults import DatabaseFault
from campaigns_project.runtime.health import Check, Level, examine, exit_code
from campaigns_project.runtime.health.check import in_bytes
from campaigns_project.runtime.health.database import require_for_workers
from campaigns_project.runtime.health.subjects import SUBJECTS
from campaigns_project.runtime.health.versions import commit
from campaigns_project.tests.audit.logs import sealed
from campaigns_project.tests.runtime.health.conftest import found, levels
from campaigns_project.verification.finding import Finding, Severity
from campaigns_project.verification.kept import begin, keep
from campaigns_project.verification.models import VerificationReport
from campaigns_project.verification.report import Report
from campaigns_project.workers import heartbeat
from campaigns_project.workers.duty_log import DutyLog
from campaigns_project.workers.models import DutyRun, WorkerHeartbeat

pytestmark = pytest.mark.django_db


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


# ---- The database ---------------------------------------------------------------------------------------------------


def test_a_database_with_all_its_tables_is_well():
    assert set(levels("database")) == {Level.OK}
    assert levels("migrations") == [Level.OK]
    assert found("database")[0].message.startswith("Postgres ")


def test_a_database_that_takes_no_writes_is_a_failure_that_is_told_before_any_table_is_asked():
    sql("SET LOCAL default_transaction_read_only = on")

    checks = examine(now=timezone.now(), only=("queue",)).checks

    assert [(check.name, check.message) for check in checks] == [("database", "It is read-only: it takes no writes.")]


def test_no_worker_begins_where_nothing_can_be_written_or_the_clocks_are_far_apart(monkeypatch: pytest.MonkeyPatch):
    assert require_for_workers() is None

    with monkeypatch.context() as ahead, pytest.raises(DatabaseFault, match="Its clock is") as apart:
        ahead.setattr("campaigns_project.runtime.health.database.FAR_APART", timedelta(0))
        ahead.setattr("campaigns_project.runtime.health.database.APART", timedelta(0))
        require_for_workers()
    sql("SET LOCAL default_transaction_read_only = on")
    with pytest.raises(DatabaseFault) as written:
        require_for_workers()

    assert [apart.value.code, written.value.code] == ["clocks_apart", "database_read_only"]


def test_nearly_all_connections_in_use_are_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("campaigns_project.runtime.health.database.MANY", 0.0)

    (check,) = [check for check in found("database") if "connections" in check.message]

    assert (check.level, "max_connections" in check.fix) == (Level.WARN, True)


def test_a_missing_migration_is_a_failure_and_ends_the_examination():
    MigrationRecorder(connection).record_unapplied("workers", "0001_initial")

    checks = examine(now=timezone.now()).checks

    (check,) = [check for check in checks if check.name == "migrations"]
    assert (check.level, "first workers.0001_initial" in check.message) == (Level.FAIL, True)
    assert [check for check in checks if check.name == "workers"] == []


def test_a_table_that_is_gone_although_its_migration_is_applied_is_a_failure():
    sql("ALTER TABLE duty_runs RENAME TO elsewhere")

    assert levels("migrations") == [Level.OK, Level.FAIL]
    assert "first duty_runs" in found("migrations")[1].message


def test_what_cannot_be_asked_is_a_finding_and_the_rest_is_asked():
    sql("ALTER TABLE worker_heartbeats DROP COLUMN detail")

    assert [check.message for check in found("workers")] == ["It could not be asked: ProgrammingError (42703)."]
    assert levels("queue") == [Level.OK]


def test_a_verification_is_told_with_its_age_and_findings():
    assert levels("schema") == [Level.NOTE]
    keep(report(Finding("index_missing", Severity.ERROR, "campaigns.name", "An index is missing.", fix="Make it.")))

    (check,) = found("schema")

    assert (check.level, check.fix) == (Level.FAIL, "Make it.")
    assert check.message == "1 error, verified 2 h ago in 3 s. First: An index is missing."
    assert check.shareable == "1 error, verified 2 h ago in 3 s: index_missing (campaigns.name)."


def test_a_clean_verification_is_well():
    keep(report())

    assert levels("schema") == [Level.OK]


@pytest.mark.parametrize(
    ("age", "level", "said"),
    [
        (timedelta(minutes=4), Level.NOTE, "A verification is under way, begun 4 min ago."),
        (timedelta(hours=3), Level.WARN, "A verification that was begun 3 h ago has not come to its end."),
    ],
)
def test_a_verification_that_was_begun_is_told_beside_the_last_one(age: timedelta, level: Level, said: str):
    keep(report())
    begun = begin()
    VerificationReport.objects.filter(pk=begun.pk).update(begun_at=timezone.now() - age)

    last, since = found("schema")

    assert (last.level, since.level, since.message) == (Level.OK, level, said)


def report(*findings: Finding) -> Report:
    begun = timezone.now() - timedelta(hours=2)
    return Report("x", "x", begun, 3.0, "a shadow database", "f" * 64, "f" * 64, ["tables"], list(findings))


# ---- Keys -----------------------------------------------------------------------------------------------------------


def test_secrets_that_the_present_keys_do_not_decrypt_are_a_failure(settings: Any):
    SenderFactory(password="hunter2")
    sealed()
    assert [(check.level, check.message) for check in found("keys")] == [
        (Level.OK, "Every stored secret can be decrypted.")
    ]

    settings.FIELD_ENCRYPTION_KEYS = ["another"]

    checks = found("keys")
    assert [check.level for check in checks] == [Level.FAIL, Level.FAIL, Level.WARN]
    assert checks[0].message == "1 stored secret cannot be decrypted with the keys that are here (senders.password)."
    assert "sealed last with a key that is not here" in checks[1].message
    assert "shorter than 32 characters" in checks[2].message


# ---- The work -------------------------------------------------------------------------------------------------------


def test_missing_workers_are_failures_that_say_how_to_start_them():
    checks = found("workers")

    assert [check.level for check in checks] == [Level.FAIL] * 3
    assert all("run_worker" in check.fix for check in checks)


def test_living_workers_are_counted(everybody_works: Callable[[], None]):
    everybody_works()

    assert levels("workers") == [Level.OK] * 3
    assert found("workers")[2].message.startswith("1 task cluster on 1 machine, 2 tasks at a time; the last sign is ")


def test_a_worker_that_fell_silent_is_told_with_its_last_sign(everybody_works: Callable[[], None]):
    everybody_works()
    WorkerHeartbeat.objects.filter(kind="tick").update(seen_at=timezone.now() - timedelta(minutes=5))

    (check,) = [check for check in found("workers") if check.level == Level.FAIL]

    assert check.message == "No tick is alive: the last sign is 5 min old. Nothing is sent, imported or counted."


def test_of_a_worker_that_was_stopped_it_is_not_said_that_there_never_was_one(everybody_works: Callable[[], None]):
    everybody_works()
    for worker in WorkerHeartbeat.objects.all():
        heartbeat.leave(worker.name)

    assert {check.message.partition(" is alive: ")[2] for check in found("workers")} == {
        "none was started, or all were stopped. Nothing is sent, imported or counted."
    }


def test_duties_that_were_done_on_time_are_well(everybody_works: Callable[[], None]):
    everybody_works()

    assert levels("schedule") == [Level.OK]


def test_a_duty_that_is_overdue_is_a_failure(everybody_works: Callable[[], None]):
    everybody_works()
    DutyRun.objects.filter(name="send what is due").update(ran_at=timezone.now() - timedelta(minutes=4))

    (check,) = found("schedule")

    assert check.level == Level.FAIL
    assert check.message.startswith("1 of ")
    assert "such as: “send what is due”, every 1 s, last 4 min ago." in check.message


def test_an_hourly_duty_is_not_overdue_after_an_hour(everybody_works: Callable[[], None]):
    everybody_works()
    hourly = DutyRun.objects.filter(name="forget what was counted against limits")
    hourly.update(ran_at=timezone.now() - timedelta(hours=1, minutes=1))

    assert levels("schedule") == [Level.OK]


def test_a_duty_that_failed_the_last_time_is_told_until_it_succeeds(everybody_works: Callable[[], None]):
    everybody_works()
    log = DutyLog()
    log.note("echo", every_seconds=2, begun=0, error=ZeroDivisionError("of jan@example.org"))
    log.write()

    (failed,) = [check for check in found("schedule") if check.level == Level.FAIL]
    log.note("echo", every_seconds=2, begun=0)
    log.write()

    assert failed.message == "The duty “echo” failed the last time: ZeroDivisionError: of jan@example.org"
    assert failed.shareable == "The duty “echo” failed: ZeroDivisionError."
    assert levels("schedule") == [Level.OK]


@pytest.mark.parametrize(
    ("waited", "level"), [(0, Level.OK), (120, Level.WARN), (3600, Level.FAIL)], ids=["at once", "slow", "stuck"]
)
def test_the_queue_is_judged_by_its_oldest_task(waited: int, level: Level):
    OrmQ.objects.create(key=Conf.CLUSTER_NAME, payload="", lock=timezone.now() - timedelta(seconds=waited))

    assert levels("queue") == [level]


def test_failures_of_the_last_day_are_counted_and_older_ones_are_not():
    for number, hours in enumerate((1, 23, 25)):
        ended = timezone.now() - timedelta(hours=hours)
        Failure.objects.create(id=str(number), func="x", name="x", started=ended, stopped=ended, success=False)

    assert found("work")[0].message == "2 tasks failed in the last 24 hours."


def test_senders_are_counted():
    assert levels("senders") == [Level.NOTE]
    SenderFactory()

    assert (levels("senders"), found("senders")[0].message) == ([Level.OK], "1 of 1 sender may be used now.")


def test_each_sender_is_told_with_its_last_mail():
    busy, idle = SenderFactory(), SenderFactory()
    MessageFactory(status="sent", sent_at=timezone.now() - timedelta(hours=3, minutes=1), sender=busy)

    lines = found("senders")[0].details

    assert lines == (f"{busy.email}: active, last mail 3 h ago", f"{idle.email}: active, no mail yet")


def test_an_emergency_stop_is_told_with_how_to_end_it():
    SendingHaltFactory(organization=None, reason="relay burns")

    (check,) = found("sending")

    assert (check.level, "relay burns" in check.message, "resume_sending" in check.fix) == (Level.WARN, True, True)
    assert "relay burns" not in str(check.for_support())


def test_rows_without_a_parent_are_told_with_the_last_look():
    assert levels("orphans") == [Level.NOTE]
    now = timezone.now()
    OrphanReport.objects.create(queued_at=now, finished_at=now, found=2, counts={"raw_leads.campaign_id": 2})

    (check,) = found("orphans")

    assert (check.level, check.details) == (Level.WARN, ("raw_leads.campaign_id: 2",))
    assert check.message == "2 rows without a parent. Looked 0 s ago."
    assert "cleanup_orphans" in check.fix


def test_a_look_that_found_nothing_is_well_until_it_is_old():
    now = timezone.now()
    OrphanReport.objects.create(queued_at=now, finished_at=now)
    assert levels("orphans") == [Level.OK]

    OrphanReport.objects.update(finished_at=now - timedelta(days=3))

    assert levels("orphans") == [Level.OK, Level.WARN]


def test_an_audit_log_that_is_sealed_in_time_is_well():
    record(action="campaign.started", entity=CampaignFactory(), organization_id=None, actor=SYSTEM)

    assert levels("audit") == [Level.OK]
    assert found("audit")[0].message.endswith("nothing was sealed yet.")


def test_entries_that_wait_too_long_for_their_seal_are_a_failure(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("campaigns_project.runtime.health.audit.LATE", timedelta(seconds=-1))
    record(action="campaign.started", entity=CampaignFactory(), organization_id=None, actor=SYSTEM)

    (check,) = found("audit")

    assert (check.level, "manage.py run_worker" in check.fix) == (Level.FAIL, True)


# ---- Around it ------------------------------------------------------------------------------------------------------


def test_a_mailbox_that_does_not_answer_counts_as_a_dependency_that_is_down():
    (check,) = found("mailbox")

    assert (check.level, check.down) == (Level.FAIL, True)


def test_without_the_sandbox_links_to_this_machine_are_a_failure(settings):
    settings.SANDBOX, settings.PUBLIC_URL = False, "http://localhost:8000"

    assert levels("settings")[0] == Level.FAIL
    assert found("mailbox") == []


def test_settings_are_shown_without_a_secret(settings):
    settings.PUBLIC_URL = "https://ana:hunter2@mail.example.com/x"

    shown = "\n".join(found("settings")[-1].details)

    assert "PUBLIC_URL: https://mail.example.com/x" in shown
    assert [
        secret for secret in (settings.SECRET_KEY, *settings.FIELD_ENCRYPTION_KEYS, "hunter2") if secret in shown
    ] == []


@pytest.mark.parametrize(("sandbox", "level"), [(True, Level.NOTE), (False, Level.WARN)])
def test_plain_http_is_a_matter_only_where_mail_is_real(settings, sandbox: bool, level: Level):
    settings.SANDBOX, settings.HTTPS = sandbox, False

    assert levels("deploy") == [level]


def test_what_django_finds_is_told_in_our_words(settings):
    settings.DEBUG = True

    assert ("DEBUG is on: error pages show settings.", "Set DEBUG=off.") in [
        (check.message, check.fix) for check in found("deploy")
    ]


def test_a_full_disk_is_told_in_time(settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("campaigns_project.runtime.health.storage.HARDLY_ANY", 10**18)

    assert levels("storage") == [Level.FAIL]


def test_journals_that_could_not_be_settled_are_told_with_their_place(settings, tmp_path: Path):
    settings.VAR_DIR = tmp_path
    journal_folder().mkdir(parents=True)
    broken = journal_folder() / "a1b2.broken"
    broken.touch()

    told = found("storage")[-1]

    assert (told.level, told.details) == (Level.WARN, (str(broken),))
    assert "1 journal of dead workers" in told.message


def test_a_folder_that_is_not_there_is_told(settings, tmp_path: Path):
    settings.VAR_DIR = tmp_path / "gone"

    assert levels("storage") == [Level.WARN]


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (11_530_000, "11.5 MB"), (812_000_000, "812 MB"), (3_200_000_000_000, "3.2 TB")]
)
def test_sizes_are_told_in_a_unit_that_fits(size: int, text: str):
    assert in_bytes(size) == text


def test_the_commit_is_read_from_a_checkout_and_from_a_worktree(settings, tmp_path: Path):
    git = tmp_path / "main" / ".git"
    (git / "worktrees" / "other").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "packed-refs").write_text(f"# pack-refs\n{'a' * 40} refs/heads/main\n{'b' * 40} refs/heads/other\n")
    (git / "worktrees" / "other" / "HEAD").write_text("ref: refs/heads/other\n")
    (git / "worktrees" / "other" / "commondir").write_text("../..\n")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / ".git").write_text(f"gitdir: {git}/worktrees/other\n")
    read = []

    for folder in ("main", "tree", "nowhere"):
        settings.BASE_DIR = tmp_path / folder
        commit.cache_clear()
        read.append(commit())
    commit.cache_clear()

    assert read == ["a" * 40, "b" * 40, ""]


# ---- The public address ---------------------------------------------------------------------------------------------


class Healthz(BaseHTTPRequestHandler):
    body = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.body if self.path == "/healthz" else b"{}")

    def log_message(self, *_arguments: Any) -> None:
        """Not into the test's output."""


@pytest.fixture
def somebody(settings):
    """A web server behind PUBLIC_URL that answers /healthz with what it is given."""
    server = ThreadingHTTPServer(("127.0.0.2", 0), Healthz)
    settings.PUBLIC_URL = f"http://127.0.0.2:{server.server_port}"
    settings.OUTBOUND_ALLOW_HOSTS = ["127.0.0.2"]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_public_address_is_fetched_only_where_it_is_named(somebody):
    assert [check.name for check in examine(now=timezone.now()).checks if check.name == "public_url"] == []


@pytest.mark.parametrize(
    ("body", "said", "level"),
    [
        (lambda: b'{"instance": "%s"}' % configured().instance.encode(), "leads to this installation.", Level.OK),
        (lambda: b'{"instance": "abc"}', "with another DATABASE_URL.", Level.WARN),
        (lambda: b"<html>", "leads to something that is not Fairlead.", Level.FAIL),
    ],
    ids=["ours", "another", "not Fairlead"],
)
def test_the_public_address_tells_whose_it_is(somebody, monkeypatch: pytest.MonkeyPatch, body, said: str, level: Level):
    monkeypatch.setattr(Healthz, "body", body())

    (check,) = found("public_url")

    assert (check.message.endswith(said), check.level) == (True, level)


def test_a_public_address_inside_private_networks_is_not_connected_to(somebody, settings):
    settings.OUTBOUND_ALLOW_HOSTS = []

    (check,) = found("public_url")

    assert "private networks" in check.message


def test_a_public_address_that_does_not_answer_is_down(settings):
    with socket.socket() as closed:
        closed.bind(("127.0.0.2", 0))
        settings.PUBLIC_URL = f"http://127.0.0.2:{closed.getsockname()[1]}"
    settings.OUTBOUND_ALLOW_HOSTS = ["127.0.0.2"]

    (check,) = found("public_url")

    assert (check.level, check.down) == (Level.FAIL, True)


# ---- The whole ------------------------------------------------------------------------------------------------------


def test_every_subject_says_something_about_itself_and_nothing_else(settings):
    settings.PUBLIC_URL = "http://localhost"

    said = {subject.name: {check.name for check in found(subject.name)} for subject in SUBJECTS}

    assert said == {subject.name: {subject.name} for subject in SUBJECTS}


def test_what_pages_ask_each_time_asks_no_other_server_and_leaves_the_rest_out():
    quick = {check.name for check in examine(now=timezone.now(), quick=True).checks}

    assert {"mailbox", "public_url"} & quick == set()
    assert {"database", "workers", "schedule", "queue"} <= quick


@pytest.mark.parametrize(
    ("checks", "code", "strictly"),
    [
        ([], 0, 0),
        ([Check("a", Level.NOTE, "so")], 0, 0),
        ([Check("a", Level.WARN, "hm")], 0, 6),
        ([Check("a", Level.FAIL, "no")], 6, 6),
        ([Check("a", Level.FAIL, "no"), Check("b", Level.FAIL, "gone", down=True)], 8, 8),
    ],
)
def test_the_exit_code_tells_unhealthy_from_down(checks: list[Check], code: int, strictly: int):
    assert (exit_code(checks), exit_code(checks, fail_on=Level.WARN)) == (code, strictly)


# ---- Reports of e-mail services -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reasons", "level"), [(["unknown_message"] * 2, Level.NOTE), (["unknown_message", "fault"], Level.WARN)]
)
def test_reports_that_were_put_aside_are_told_of(reasons, level):
    for reason in reasons:
        InboundWebhookFactory(reason=reason)

    told = [check for check in found("inbound") if "put aside" in check.message]

    assert [(check.level, check.message) for check in told] == [(level, "2 reports of e-mail services put aside.")]


def test_without_reports_put_aside_nothing_is_said_of_them():
    assert not [check for check in found("inbound") if "put aside" in check.message]
