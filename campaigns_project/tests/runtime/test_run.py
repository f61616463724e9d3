"""`make run` after the set-up, as a person sees it."""

import signal
import smtplib
import socket
from pathlib import Path

import pytest

from campaigns.tests.factories import UserFactory
from campaigns_project.runtime.mailbox.store import MailStore
from campaigns_project.runtime.welcome import boxed
from campaigns_project.tests.processes import family_of, free_port, living, started, stop, wait_until

RUN = ("-m", "campaigns_project.runtime.run")


@pytest.mark.django_db(transaction=True)
def test_everything_starts_greets_and_stops_together(tmp_path: Path):
    UserFactory()  # not the first run: no demo data
    log, web, mailbox = tmp_path / "log", free_port(), free_port()
    ports = {"WEB_PORT": str(web), "MAILBOX_PORT": str(mailbox), "VAR_DIR": str(tmp_path)}
    with started(*RUN, log=log, **ports) as everything:
        wait_until(lambda: "Fairlead is running" in log.read_text(), "the greeting", log)
        wait_until(lambda: "the local mailbox listens" in log.read_text(), "the mailbox is up", log)
        wait_until(lambda: "tick is leading" in log.read_text(), "the worker is up", log)
        assert "http://testserver/mailbox/" in log.read_text()
        with smtplib.SMTP("127.0.0.1", mailbox) as server:
            server.sendmail("a@example.com", ["b@example.com"], "Subject: Hello\n\nHi")
        assert MailStore(tmp_path / "mailbox").count() == 1
        family = family_of(everything)

        assert stop(everything, signal.SIGINT) == 0

    wait_until(lambda: not living(family), "everything ended", log)


@pytest.mark.django_db(transaction=True)
def test_when_one_part_ends_all_end_and_it_is_named(tmp_path: Path):
    UserFactory()
    log = tmp_path / "log"
    ports = {"WEB_PORT": str(free_port()), "MAILBOX_PORT": str(free_port()), "VAR_DIR": str(tmp_path)}
    with started(*RUN, log=log, **ports) as everything:
        wait_until(lambda: "tick is leading" in log.read_text(), "the worker is up", log)
        worker = next(each for each in family_of(everything) if "run_worker" in each.cmdline())
        family = family_of(everything)

        worker.kill()

        assert everything.wait(timeout=60) == 1
    assert "error: worker ended" in log.read_text()
    wait_until(lambda: not living(family), "everything ended", log)


def test_a_taken_port_is_named_before_anything_starts(tmp_path: Path):
    log = tmp_path / "log"
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        var = tmp_path / "var"
        # Without DATABASE_URL: the settings would start the embedded Postgres in VAR_DIR.
        with started(*RUN, log=log, WEB_PORT=str(taken), VAR_DIR=str(var), DATABASE_URL="") as everything:
            code = everything.wait(timeout=60)

    assert code == 8
    assert f"127.0.0.1:{taken} (WEB_PORT): the port is taken" in log.read_text()
    assert not var.exists()


def test_the_box_is_as_wide_as_its_longest_line():
    widths = {
        len(line) for line in boxed(["Fairlead is running", "Admin     http://localhost:8000/admin/"]).splitlines()
    }

    assert widths == {44}
