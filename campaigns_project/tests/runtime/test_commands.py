"""How the commands fail when what they need is not there."""

import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from campaigns.tests.factories import OrganizationFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.service_accounts import create_api_key
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.tests.processes import database_url, environment, free_port, started, stop, wait_until
from campaigns_project.tests.verification.databases import database

NOWHERE = {"DATABASE_URL": "postgresql://ana:hunter2@127.0.0.1:9/sales"}


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env=environment(**variables),
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_run_worker_without_a_database_says_so():
    answer = manage("run_worker", **NOWHERE)

    assert answer.returncode == 8
    assert "The database cannot be reached" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.django_db(transaction=True)
def test_run_worker_waits_for_nobody_to_migrate():
    MigrationRecorder(connection).record_unapplied("workers", "0001_initial")
    try:
        answer = manage("run_worker")
    finally:
        MigrationRecorder(connection).record_applied("workers", "0001_initial")

    assert answer.returncode == 6
    assert "workers.0001_initial" in answer.stderr
    assert "manage.py apply_migrations" in answer.stderr


@pytest.mark.django_db(transaction=True)
def test_a_command_starts_without_the_pages_and_the_api():
    answer = manage("campaign_status", "1", PYTHONPROFILEIMPORTTIME="1")

    loaded = {line.rpartition("|")[2].strip() for line in answer.stderr.splitlines()}
    assert (answer.returncode, "campaigns_project.commands" in loaded) == (3, True)
    assert not loaded & {"campaigns_project.urls", "campaigns_project.api"}


def test_a_setting_that_cannot_be_read_ends_a_command_with_2_and_its_name():
    answer = manage("doctor", SANDBOX="onn")

    assert (answer.returncode, answer.stderr) == (
        2,
        "Settings: SANDBOX is “onn”. Write on or off, and nothing behind it.\n",
    )


def test_doctor_without_a_database_exits_8_and_keeps_the_password_to_itself():
    answer = manage("doctor", **NOWHERE, MAILBOX_PORT=str(free_port()))

    assert answer.returncode == 8
    assert "host=127.0.0.1 port=9 database=sales user=ana" in answer.stdout
    assert "hunter2" not in answer.stdout + answer.stderr


@pytest.fixture(scope="module")
def nothing_in_it(django_db_setup, django_db_blocker):
    """The variables that lead a process to an empty database."""
    with django_db_blocker.unblock(), database() as name:
        yield {"DATABASE_URL": database_url().rpartition("/")[0] + f"/{name}"}


OF_PACKAGES = ["createsuperuser --noinput --email ana@example.com", "changepassword ana@example.com", "axes_reset"]


@pytest.mark.parametrize("command", ["campaign_status 1", "run_worker", "run_web", "tick", "run_cluster", *OF_PACKAGES])
def test_commands_without_their_tables_say_what_to_run(nothing_in_it, command: str):
    answer = manage(*command.split(), **nothing_in_it)

    assert answer.returncode == 6
    assert "tables_missing: The database is not ready (host=" in answer.stderr
    assert "Run manage.py apply_migrations." in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("command", ["campaign_status 1", *OF_PACKAGES])
def test_commands_without_a_database_exit_8_and_keep_the_password_to_themselves(command: str):
    answer = manage(*command.split(), **NOWHERE)

    assert answer.returncode == 8
    assert "Traceback" not in answer.stderr
    assert "host=127.0.0.1 port=9 database=sales user=ana" in answer.stderr
    assert "hunter2" not in answer.stdout + answer.stderr


@pytest.mark.django_db(transaction=True)
def test_run_web_serves_says_which_database_it_uses_and_stops_when_asked(tmp_path: Path):
    _, key = create_api_key(organization=OrganizationFactory(), name="x", role=Role.OPERATOR, actor=SYSTEM)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    port, log = free_port(), tmp_path / "web.log"

    with started("manage.py", "run_web", log=log, WEB_PORT=str(port)) as web:
        wait_until(lambda: _answers(port), "the web answers", log)
        made = httpx.post(
            f"http://127.0.0.1:{port}/api/v1/tags", content=iter([b'{"name": ', b'"vip"}']), headers=headers
        )
        code = stop(web, signal.SIGTERM)

    assert code == 0
    assert made.json()["name"] == "vip"  # a body of no known length is read, too
    assert "serving with database host=" in log.read_text()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def test_the_web_without_its_tables_ends_and_says_what_to_run(nothing_in_it):
    answer = subprocess.run(
        [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(free_port()), "--no-ws",
         "campaigns_project.wsgi:application"],
        cwd=settings.BASE_DIR, env=environment(**nothing_in_it), check=False, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip

    said = answer.stdout + answer.stderr
    assert answer.returncode != 0
    assert "serving with database host=" in said
    assert "Run manage.py apply_migrations." in said
