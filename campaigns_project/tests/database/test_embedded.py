"""The embedded Postgres, in folders of its own: the server the tests run on is never touched."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import environ
import psycopg
import pytest

from campaigns_project.database import embedded
from campaigns_project.database.errors import EmbeddedUnavailable

COMMAND = [sys.executable, "-m", "campaigns_project.database.embedded"]


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A VAR_DIR whose name needs quoting; its server is stopped afterwards."""
    folder = tmp_path / "it's a path; with & all"
    monkeypatch.setenv("VAR_DIR", str(folder))
    yield folder
    embedded.stop()


def connect(url: str) -> psycopg.Connection:
    parts = environ.Env.db_url_config(url)
    return psycopg.connect(host=parts["HOST"], port=parts["PORT"], user=parts["USER"], dbname=parts["NAME"])


def test_processes_that_start_together_get_one_server_and_one_database(var: Path):
    starters = [subprocess.Popen([*COMMAND, "url"], stdout=subprocess.PIPE, text=True) for _ in range(4)]

    answers = {starter.communicate(timeout=120)[0].strip() for starter in starters}

    assert len(answers) == 1
    with connect(answers.pop()) as database:
        assert database.execute("SELECT current_database()").fetchone() == ("fairlead",)


def test_lower_case_works_beyond_ascii_whatever_the_locale_of_the_machine(var: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LANG", "xx_XX.UTF-8")

    with connect(embedded.url()) as database:
        assert database.execute("SELECT lower('ÉÜŽ')").fetchone() == ("éüž",)


def test_data_survives_a_stop_and_a_stale_pid_file(var: Path):
    with connect(embedded.url()) as database:
        database.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    assert embedded.stop() is True
    # After a crash the number of the dead server may belong to anybody: here to this very process.
    stale = f"{os.getpid()}\n{var / 'postgres'}\n1700000000\n5432\n{var}\n\n  1 1\nready\n"
    (var / "postgres" / "postmaster.pid").write_text(stale)

    with connect(embedded.url()) as database:
        assert database.execute("SELECT answer FROM kept").fetchone() == (42,)


@pytest.mark.parametrize("settings", ["campaigns_project.settings.base", "campaigns_project.settings.test"])
def test_whoever_has_a_postgres_of_their_own_gets_no_second_one(var: Path, monkeypatch: pytest.MonkeyPatch, settings):
    monkeypatch.setenv("DATABASE_URL", "postgresql://ana:secret@db.example:5433/sales")

    loaded = [sys.executable, "-c", f"from {settings} import DATABASES; print(DATABASES['default']['HOST'])"]
    answer = subprocess.run(loaded, check=True, capture_output=True, text=True)

    assert answer.stdout.strip() == "db.example"
    assert not (var / "postgres").exists()


def test_the_server_of_tests_waits_for_no_disk_and_is_gone_with_all_it_kept_when_it_is_stopped(var: Path):
    folder = embedded._scratch_folder()

    with connect(embedded._started(folder, **embedded.FORGETTING)) as database:
        assert database.execute("SHOW fsync").fetchone() == ("off",)
        assert database.execute("SHOW data_directory").fetchone() == (str(folder),)

    assert (embedded.stop(), folder.exists(), (var / "postgres").exists()) == (True, False, False)


def test_whoever_names_a_folder_has_the_tests_in_it_too_on_a_server_that_keeps_them(var: Path):
    with connect(embedded.scratch_url()) as database:
        assert database.execute("SHOW fsync").fetchone() == ("on",)
        assert database.execute("SHOW data_directory").fetchone() == (str(var / "postgres"),)


def test_stopping_what_does_not_run_says_so(var: Path):
    assert embedded.stop() is False


def test_a_path_that_a_shell_would_change_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("VAR_DIR", str(tmp_path / "$(touch pwned)"))

    with pytest.raises(EmbeddedUnavailable) as refusal:
        embedded.url()

    assert refusal.value.code == "embedded_postgres_path"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_the_server_of_another_user_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "postgres").mkdir()
    os.chown(tmp_path / "postgres", 1, 1)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))

    with pytest.raises(EmbeddedUnavailable) as refusal:
        embedded.url()

    assert refusal.value.code == "embedded_postgres_of_another_user"
    assert (tmp_path / "postgres").stat().st_uid == 1


def test_the_command_explains_itself():
    answer = subprocess.run([*COMMAND, "strat"], check=False, capture_output=True, text=True)

    assert answer.returncode == 2
    assert "url|stop" in answer.stderr
