"""The command that every machine runs before a release starts."""

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from campaigns_project.tests.database.migration_folders import migrations_of_workers
from campaigns_project.tests.processes import database_url, environment
from campaigns_project.tests.verification.databases import database, one, run

AT_ONCE = 3


def apply(alias: str, *options: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command, run in this process."""
    output, talk = StringIO(), StringIO()
    try:
        call_command("apply_migrations", "--database", alias, *options, stdout=output, stderr=talk)
    except CommandError as error:
        return error.returncode, output.getvalue(), f"{talk.getvalue()}{error}"
    return 0, output.getvalue(), talk.getvalue()


@pytest.fixture
def empty(django_db_setup, django_db_blocker):
    """The alias of an empty database."""
    with django_db_blocker.unblock(), database() as name:
        yield name


@pytest.mark.long
def test_processes_at_once_on_an_empty_database_apply_everything_once(empty: str):
    address = database_url().rpartition("/")[0] + f"/{empty}"
    started = [
        subprocess.Popen(
            [sys.executable, "manage.py", "apply_migrations", "--json"],
            cwd=settings.BASE_DIR, env=environment(DATABASE_URL=address),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(AT_ONCE)
    ]  # fmt: skip
    answers = [(process.communicate(timeout=150), process.returncode) for process in started]

    assert [code for _, code in answers] == [0] * AT_ONCE, answers
    applied = sorted(len(json.loads(output)["applied"]) for (output, _), _ in answers)
    assert applied[:-1] == [0] * (AT_ONCE - 1)
    assert applied[-1] == one(empty, "SELECT count(*) FROM django_migrations")
    assert all(json.loads(output)["verification"]["clean"] for (output, _), _ in answers)


def test_what_is_pending_is_listed_and_not_applied_by_check(empty: str):
    code, output, talk = apply(empty, "--check")

    assert code == 6
    assert "campaigns.0001_initial" in output
    assert "manage.py apply_migrations" in talk
    assert one(empty, "SELECT to_regclass('campaigns')") is None


def test_check_of_a_complete_database_finds_nothing(copy: str):
    code, output, _ = apply(copy, "--check", "--json")

    assert (code, json.loads(output)["pending"]) == (0, [])


def test_the_database_is_named_without_its_password(copy: str):
    _, _, talk = apply(copy, "--check")

    assert f"database={copy}" in talk
    assert "PASSWORD" not in talk.upper()


def test_several_heads_are_refused_before_anything_is_applied(copy: str, tmp_path: Path):
    two_heads = migrations_of_workers(
        tmp_path, "0001_initial: SELECT 1", "0002_a < 0001_initial: SELECT 1", "0002_b < 0001_initial: SELECT 1"
    )

    with two_heads:
        answers = [apply(copy), apply(copy, "--check")]

    assert [code for code, _, _ in answers] == [4, 4]
    assert all("several_heads" in talk and "0002_a, 0002_b" in talk for _, _, talk in answers)
    assert (
        one(copy, "SELECT count(*) FROM django_migrations WHERE name IN ('0002_a', '0002_b') AND app = 'workers'") == 0
    )


def test_a_migration_that_fails_leaves_nothing_of_itself_and_says_why(copy: str, tmp_path: Path):
    failing = migrations_of_workers(
        tmp_path,
        "0001_initial: SELECT 1",
        "0002_good < 0001_initial: CREATE TABLE good (id int)",
        "0003_bad < 0002_good: CREATE TABLE bad (id int); SELECT 1/0",
    )

    with failing:
        code, _, talk = apply(copy)

    assert code == 1
    assert "division by zero" in talk
    assert [one(copy, f"SELECT to_regclass('{table}')") for table in ("good", "bad")] == ["good", None]


def test_a_schema_that_is_not_what_the_migrations_make_is_told_afterwards(copy: str):
    run(copy, "DROP INDEX campaign_name")

    code, output, talk = apply(copy)

    assert (code, "0 migrations were applied" in output) == (6, True)
    assert "index_missing  campaigns.campaign_name" in talk


def test_a_database_that_takes_no_writes_is_a_dependency_that_is_down(empty: str):
    run(empty, f'ALTER DATABASE "{empty}" SET default_transaction_read_only = on')

    code, _, talk = apply(empty)

    assert (code, "database_read_only" in talk) == (8, True)
