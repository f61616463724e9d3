"""How a command ends that somebody breaks off, or whose output nobody reads on."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from django.conf import settings

from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.record import record
from campaigns_project.broken_off import ended_in_a_word
from campaigns_project.tests.processes import environment, family_of, started, stop, wait_until

MORE_THAN_IS_BUFFERED = 20_000  # characters; Python keeps 8,192 back


@pytest.mark.django_db(transaction=True)
def test_a_command_that_is_interrupted_says_so_in_one_line(tmp_path: Path):
    campaign, log = CampaignFactory(), tmp_path / "log"

    with started("manage.py", "campaign_status", str(campaign.pk), "--watch", log=log) as watching:
        wait_until(lambda: "people reached" in log.read_text(), "the state is shown", log)
        code = stop(watching, signal.SIGINT)

    assert code == 130
    assert log.read_text().splitlines()[-1] == "Interrupted."
    assert "Traceback" not in log.read_text()


def test_an_interrupt_while_modules_load_is_said_in_one_line(tmp_path: Path):
    (tmp_path / "interrupting.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")

    answer = subprocess.run(
        [sys.executable, "manage.py", "doctor"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "interrupting", "PYTHONPATH": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert (answer.returncode, answer.stderr) == (130, "Interrupted.\n")


@pytest.mark.django_db(transaction=True)
def test_workers_that_are_interrupted_while_they_load_show_no_traceback(tmp_path: Path):
    log = tmp_path / "log"

    with started("manage.py", "run_worker", log=log) as workers:
        wait_until(lambda: any(_is_loading(child) for child in family_of(workers)[1:]), "one of them loads", log)
        code = stop(workers, signal.SIGINT)

    assert code == 0
    assert "Traceback" not in log.read_text()


def _is_loading(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return any("psycopg" in part.path for part in process.memory_maps())
    return False


def unread(*arguments: str) -> tuple[int, str]:
    """Run a command into a pipe that nobody reads from; answers its exit code and what it said."""
    nobody, pipe = os.pipe()
    os.close(nobody)
    try:
        answer = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env={**environment(), "PYTHONUNBUFFERED": ""},
            check=False,
            stdout=pipe,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
        )
    finally:
        os.close(pipe)
    return answer.returncode, answer.stderr


@pytest.mark.django_db(transaction=True)
def test_output_that_nobody_reads_ends_a_command_in_silence():
    record(
        action="campaign.created", entity=CampaignFactory(), organization_id=None, actor=SYSTEM,
        reason="x" * MORE_THAN_IS_BUFFERED,
    )  # fmt: skip

    assert unread("export_audit") == (141, "")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("command", ["campaign_status {0.pk}", "doctor --only settings", "help"])
def test_output_that_waits_for_the_end_of_the_interpreter_is_given_up_in_silence(command: str):
    campaign: Campaign = CampaignFactory()

    assert unread(*command.format(campaign).split()) == (141, "")


def test_a_connection_that_broke_is_not_taken_for_output_that_nobody_reads():
    with pytest.raises(BrokenPipeError), ended_in_a_word():
        raise BrokenPipeError
