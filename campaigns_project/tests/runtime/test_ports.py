import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from campaigns_project.errors import Refused
from campaigns_project.runtime import run
from campaigns_project.runtime.ports import Port, refuse_taken
from campaigns_project.tests.processes import environment, free_port


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_free_ports_are_fine():
    refuse_taken([Port("The web", "127.0.0.1", free_port(), "WEB_PORT")])


def test_every_taken_port_is_named_with_its_variable(taken: int):
    ports = [Port("The web", "127.0.0.1", taken, "WEB_PORT"), Port("The mailbox", "127.0.0.1", taken, "MAILBOX_PORT")]

    with pytest.raises(Refused) as refusal:
        refuse_taken(ports)

    assert f"The web cannot listen on 127.0.0.1:{taken} (WEB_PORT): the port is taken." in refusal.value.message
    assert "(MAILBOX_PORT)" in refusal.value.message


@pytest.mark.parametrize(
    "port", [Port("The web", "no.such.host.invalid", 80, "WEB_PORT"), Port("The web", "127.0.0.1", 70000, "WEB_PORT")]
)
def test_an_address_that_cannot_be_is_refused_as_well(port: Port):
    with pytest.raises(Refused) as refusal:
        refuse_taken([port])

    assert "The web cannot listen on" in refusal.value.message


def test_the_ports_asked_for_are_those_of_the_settings():
    asked = {(port.host, port.number) for port in run._ports()}

    assert asked == {
        (settings.WEB_HOST, settings.WEB_PORT),
        (settings.SANDBOX_SMTP_HOST, settings.SANDBOX_SMTP_PORT),
    }


def test_a_port_that_is_no_number_is_named(tmp_path: Path):
    answer = subprocess.run(
        [sys.executable, "-m", "campaigns_project.runtime.run"],
        cwd=settings.BASE_DIR, env=environment(WEB_PORT="eight thousand", VAR_DIR=str(tmp_path)), check=False,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert answer.returncode == 2
    assert answer.stderr == "error: WEB_PORT is “eight thousand”. Write a whole number from 1 to 65535.\n"


@pytest.mark.django_db(transaction=True)
def test_the_web_does_not_share_a_port_that_is_taken(taken: int):
    answer = subprocess.run(
        [sys.executable, "manage.py", "run_web"],
        cwd=settings.BASE_DIR, env=environment(WEB_PORT=str(taken)), check=False,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert answer.returncode == 8
    assert f"The web cannot listen on 127.0.0.1:{taken} (WEB_PORT): the port is taken." in answer.stderr
