"""The mailbox as a mail server: real SMTP, in a process of its own."""

import signal
import smtplib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from campaigns_project.runtime.mailbox.store import MailStore
from campaigns_project.tests.processes import PATIENCE, free_port, started, stop, wait_until

pytestmark = pytest.mark.django_db  # only so that the database's address is known
MAIL = "From: Ana <ana@example.com>\r\nSubject: Hello\r\n\r\nHi\r\n"


@dataclass
class Mailbox:
    port: int
    store: MailStore

    def raw(self) -> list[bytes]:
        return [raw for _key, raw in self.store.iter_messages()]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[Mailbox]:
    folder, port = tmp_path_factory.mktemp("mailbox"), free_port()
    log = folder / "log"
    with started("manage.py", "run_mailbox", log=log, MAILBOX_PORT=str(port), VAR_DIR=str(folder)) as process:
        wait_until(lambda: "listens on" in log.read_text(), "the mailbox listens", log)
        yield Mailbox(port, MailStore(folder / "mailbox"))
        assert stop(process, signal.SIGTERM) == 0


@pytest.fixture
def mailbox(running: Mailbox) -> Mailbox:
    for path in (running.store.folder / "new").iterdir():
        path.unlink()
    return running


def test_a_mail_is_kept_as_it_came_with_its_envelope_in_front(mailbox: Mailbox):
    with smtplib.SMTP("127.0.0.1", mailbox.port) as server:
        server.sendmail("bounce+7@example.com", ["eva@example.org", "jan@example.org"], MAIL + ".dot\r\n")

    envelope = b"X-Envelope-From: bounce+7@example.com\r\nX-Envelope-To: eva@example.org, jan@example.org\r\n"
    assert mailbox.raw() == [envelope + MAIL.encode() + b".dot\r\n"]


def test_the_extensions_a_fast_client_wants_are_offered(mailbox: Mailbox):
    with smtplib.SMTP("127.0.0.1", mailbox.port) as server:
        server.ehlo()

        offered = {name for name in ("pipelining", "8bitmime", "smtputf8", "size") if server.has_extn(name)}

    assert offered == {"pipelining", "8bitmime", "smtputf8", "size"}


def test_commands_sent_in_one_go_are_all_answered(mailbox: Mailbox):
    mail = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"
    body = b"Subject: %d\r\n\r\nHi\r\n.\r\n"
    with (
        socket.create_connection(("127.0.0.1", mailbox.port), timeout=PATIENCE) as wire,
        wire.makefile("rb") as answers,
    ):
        wire.sendall(b"EHLO me\r\n" + mail)
        while not answers.readline().startswith(b"354"):
            pass
        wire.sendall(body % 1 + mail)  # the end of one mail and the beginning of the next together
        codes = [answers.readline()[:3] for _ in range(4)]
        wire.sendall(body % 2 + b"QUIT\r\n")
        codes += [answers.readline()[:3] for _ in range(2)]

    assert codes == [b"250", b"250", b"250", b"354", b"250", b"221"]
    assert mailbox.store.count() == 2


def test_addresses_beyond_ascii_are_kept(mailbox: Mailbox):
    with smtplib.SMTP("127.0.0.1", mailbox.port) as server:
        server.ehlo()
        server.sendmail("a@example.com", ["jürgen@example.org"], MAIL, mail_options=["SMTPUTF8", "BODY=8BITMIME"])

    assert mailbox.store.page().mails[0].rcpt_to == "jürgen@example.org"


def test_mails_that_arrive_together_have_different_names(mailbox: Mailbox):
    servers = [smtplib.SMTP("127.0.0.1", mailbox.port) for _ in range(4)]

    for number in range(100):
        servers[number % 4].sendmail("a@example.com", ["b@example.com"], MAIL)
    for server in servers:
        server.quit()

    assert mailbox.store.count() == 100
    assert list((mailbox.store.folder / "tmp").iterdir()) == []


def test_a_taken_port_is_named_with_its_variable(mailbox: Mailbox, tmp_path: Path):
    log = tmp_path / "log"
    variables = {"MAILBOX_PORT": str(mailbox.port), "VAR_DIR": str(tmp_path)}
    with started("manage.py", "run_mailbox", log=log, **variables) as second:
        assert second.wait(timeout=PATIENCE) == 8

    assert f"cannot listen on 127.0.0.1:{mailbox.port}" in log.read_text()
    assert "MAILBOX_PORT" in log.read_text()
