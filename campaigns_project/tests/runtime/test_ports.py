import socket
from collections.abc import Iterator

import pytest
from django.conf import settings

from campaigns_project.errors import Refused
from campaigns_project.runtime import run
from campaigns_project.runtime.ports import Port, refuse_taken
from campaigns_project.tests.processes import free_port


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


def test_a_port_that_is_no_number_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WEB_PORT", "eight thousand")

    with pytest.raises(Refused) as refusal:
        run._ports()

    assert refusal.value.message == "WEB_PORT is 'eight thousand', which is not a number."
