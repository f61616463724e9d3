import base64
import os
import resource
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from campaigns.delivery.base import Envelope
from campaigns.delivery.lines import hang_up_all
from campaigns.delivery.outcomes import Accepted, Deferred, Kind, NotSent, Refused, SenderFault, Stage
from campaigns.delivery.server import Security, SmtpServer, tls_context
from campaigns.delivery.smtp import SmtpConnection
from campaigns.delivery.transaction import on_the_wire
from campaigns.tests.delivery.fault_server import PATIENCE, Drop, FaultServer, Say, Silence
from campaigns_project.tests.processes import wait_until


class Inbox:
    """What an aiosmtpd server took in."""

    def __init__(self):
        self.envelopes = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - the name aiosmtpd calls
        self.envelopes.append(envelope)
        return "250 2.0.0 taken"


class AnyPort(Controller):
    """Takes port 0 for "any free one" also when it asks itself whether it is up."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def inbox():
    handler = Inbox()
    controller = AnyPort(handler, hostname="127.0.0.1", port=0, enable_SMTPUTF8=True, data_size_limit=100_000)
    controller.start()
    handler.port = controller.port
    yield handler
    controller.stop()


def as_plain(port):
    return SmtpServer(host="127.0.0.1", port=port, security=Security.NONE)


def deliver_once(envelope, account, **options):
    with SmtpConnection(account, **options) as connection:
        return connection.deliver(envelope)


def test_mails_arrive_byte_for_byte_over_one_connection(inbox):
    contents = [b"Subject: 1\r\n\r\n.\r\n..two dots\r\nend\r\n", b"Subject: 2\r\n\r\nno line end", b".\r\n"]

    with SmtpConnection(as_plain(inbox.port)) as connection:
        outcomes = [connection.deliver(Envelope("a@x.example", "b@y.example", data)) for data in contents]

    assert [type(outcome) for outcome in outcomes] == [Accepted] * 3
    assert [envelope.content for envelope in inbox.envelopes] == [contents[0], contents[1] + b"\r\n", contents[2]]
    assert [(envelope.mail_from, envelope.rcpt_tos) for envelope in inbox.envelopes] == [
        ("a@x.example", ["b@y.example"])
    ] * 3


def test_a_server_that_knows_only_helo_gets_its_mails(envelope):
    server = FaultServer(ehlo=Say("500 5.5.1 command unrecognized"), helo=Say("250 test"))
    with server, SmtpConnection(server.account()) as connection:
        outcome = connection.deliver(envelope)

    assert (type(outcome), server.verbs()[:3], len(server.taken)) == (Accepted, ["EHLO", "HELO", "MAIL"], 1)


@pytest.mark.parametrize("needed", [{"username": "ada", "password": "pw"}, {"security": Security.STARTTLS}])
def test_where_login_or_encryption_is_needed_a_refused_ehlo_is_not_made_up_for(envelope, needed):
    server = FaultServer(ehlo=Say("500 5.5.1 command unrecognized"), helo=Say("250 test"))
    with server, SmtpConnection(server.account(**needed)) as connection:
        outcome = connection.deliver(envelope)

    assert (outcome.reason, outcome.permanent, server.verbs()) == ("ehlo", False, ["EHLO"])


def test_an_address_outside_ascii_is_sent_with_smtputf8(inbox):
    with SmtpConnection(as_plain(inbox.port)) as connection:
        outcome = connection.deliver(Envelope("a@x.example", "jörg@y.example", "To: jörg\r\n\r\nhi\r\n".encode()))

    assert type(outcome) is Accepted
    assert inbox.envelopes[0].rcpt_tos == ["jörg@y.example"]
    assert {"SMTPUTF8", "BODY=8BITMIME"} <= set(inbox.envelopes[0].mail_options)


def test_a_server_without_smtputf8_is_not_asked_to_write_to_such_an_address():
    with FaultServer(features="8BITMIME") as server, SmtpConnection(server.account()) as connection:
        outcome = connection.deliver(Envelope("a@x.example", "jörg@y.example", b"x"))

    assert (type(outcome), outcome.code, outcome.kind) == (Refused, 553, Kind.OTHER)
    assert server.verbs() == ["EHLO", "QUIT"]


def test_a_mail_bigger_than_the_server_takes_is_refused_without_sending_it(inbox):
    with SmtpConnection(as_plain(inbox.port)) as connection:
        outcome = connection.deliver(Envelope("a@x.example", "b@y.example", b"x" * 100_001))

    assert (type(outcome), outcome.code, outcome.stage, outcome.kind) == (Refused, 552, Stage.MAIL, Kind.CONTENT)
    assert inbox.envelopes == []


def test_the_size_of_the_mail_is_declared_where_the_server_asks_for_it(envelope):
    with FaultServer() as server, SmtpConnection(server.account()) as connection:
        connection.deliver(envelope)

    assert server.commands[1] == f"MAIL FROM:<ada@sender.example> SIZE={len(envelope.data)}"


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        (b"a\nb\rc\r\nd", b"a\r\nb\r\nc\r\nd\r\n"),
        (b"a\n.\nMAIL FROM:<x@y>\n", b"a\r\n..\r\nMAIL FROM:<x@y>\r\n"),
        (b"a\r.\rb", b"a\r\n..\r\nb\r\n"),
        (b".", b"..\r\n"),
        (b"", b"\r\n"),
        (b"a\r\r\nb", b"a\r\n\r\nb\r\n"),
    ],
)
def test_no_line_of_the_content_can_be_taken_for_its_end(data, sent):
    assert on_the_wire(data) == sent


# The connection between mails.


def test_a_connection_the_server_closed_while_idle_is_replaced_unnoticed(envelope):
    with FaultServer() as server, SmtpConnection(server.account()) as connection:
        connection.deliver(envelope)
        server.hang_up()
        outcome = connection.deliver(envelope)

    assert (type(outcome), server.connections, len(server.mails)) == (Accepted, 2, 2)


def test_a_farewell_said_while_idle_is_not_taken_for_the_answer_to_the_next_mail(envelope):
    with FaultServer() as server, SmtpConnection(server.account()) as connection:
        connection.deliver(envelope)
        server.say_unasked("421 4.4.2 idle for too long")
        outcome = connection.deliver(envelope)

    assert (type(outcome), server.connections) == (Accepted, 2)


@pytest.mark.parametrize("farewell", [Drop(), Say("421 4.4.2 idle for too long", then_drop=True)])
def test_a_kept_connection_that_ends_at_mail_is_replaced_once(envelope, farewell):
    script = {"mail": [Say("250 ok"), farewell]}
    with FaultServer(**script) as server, SmtpConnection(server.account()) as connection:
        outcomes = [connection.deliver(envelope), connection.deliver(envelope)]

    assert [type(outcome) for outcome in outcomes] == [Accepted, Accepted]
    assert (server.connections, len(server.mails)) == (2, 2)


def test_a_kept_connection_that_we_hang_up_on_is_not_replaced(envelope):
    """Somebody has to end, and a server that answers nothing may take its time for a new connection too."""
    with FaultServer(mail=[None, Silence()]) as server, SmtpConnection(server.account()) as connection:
        connection.deliver(envelope)
        with ThreadPoolExecutor(1) as pool:
            second = pool.submit(connection.deliver, envelope)
            wait_until(lambda: server.verbs().count("MAIL") == 2, "it waits for the answer to MAIL")
            hang_up_all()
            outcome = second.result(PATIENCE)

    assert (outcome, server.connections) == (NotSent("dropped", Stage.MAIL), 1)


def test_a_new_connection_that_ends_at_mail_is_not_tried_again(envelope):
    with FaultServer(mail=Drop()) as server, SmtpConnection(server.account()) as connection:
        outcome = connection.deliver(envelope)

    assert (outcome, server.connections) == (NotSent("dropped", Stage.MAIL), 1)


def test_a_connection_is_replaced_after_its_share_of_mails(envelope):
    with FaultServer() as server, SmtpConnection(server.account(), max_mails=2) as connection:
        for _ in range(5):
            connection.deliver(envelope)

    assert (server.connections, len(server.mails)) == (3, 5)


@pytest.mark.parametrize("features", ["SIZE 1000000", "SIZE 1000000,PIPELINING"], ids=["one by one", "pipelined"])
def test_a_connection_on_which_the_server_takes_no_more_mails_is_replaced(features):
    """Many servers count the mails of a connection and say 4xx to each one more; the others need not wait for that."""
    mails = [Envelope("a@example.com", f"to{number}@example.com", b"Subject: x\r\n\r\nHi.\r\n") for number in range(3)]
    said = [Say("250 ok"), Say("452 4.5.3 too many mails on this connection"), Say("250 ok"), Say("250 ok")]

    with FaultServer(features=features, mail=said) as server, SmtpConnection(server.account()) as connection:
        outcomes = list(connection.deliver_many(mails))

    assert [type(outcome) for outcome in outcomes] == [Accepted, Deferred, Accepted]
    assert server.connections == 2


def test_a_connection_idle_for_too_long_is_not_used_again(envelope):
    with FaultServer() as server, SmtpConnection(server.account(), max_idle_seconds=0) as connection:
        connection.deliver(envelope)
        connection.deliver(envelope)

    assert (server.connections, len(server.mails)) == (2, 2)


def test_nothing_is_opened_before_the_first_mail_and_closing_twice_is_fine():
    with FaultServer() as server:
        connection = SmtpConnection(server.account())
        connection.close()
        connection.close()

    assert server.connections == 0


# The gate.


def test_an_expired_gate_stops_the_mail_before_data_and_keeps_the_session(envelope):
    with FaultServer() as server, SmtpConnection(server.account()) as connection:
        stopped = connection.deliver(envelope, before_data=lambda: False)
        sent = connection.deliver(envelope, before_data=lambda: True)

    assert (stopped, type(sent)) == (NotSent("gate_expired", Stage.DATA), Accepted)
    assert server.verbs() == ["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA", "QUIT"]


def test_a_gate_that_expires_while_the_server_answers_data_stops_the_content(envelope):
    answers = iter([True, False])
    with FaultServer() as server, SmtpConnection(server.account()) as connection:
        outcome = connection.deliver(envelope, before_data=lambda: next(answers))
        server.dropped.wait(5)

    assert outcome == NotSent("gate_expired", Stage.CONTENT)
    assert server.mails == []


def test_a_gate_that_fails_leaves_no_session_in_mid_transaction(envelope):
    def fail():
        raise LookupError("the database is gone")

    with FaultServer() as server, SmtpConnection(server.account()) as connection:
        connection.deliver(envelope)
        with pytest.raises(LookupError):
            connection.deliver(envelope, before_data=fail)
        outcome = connection.deliver(envelope)

    assert (type(outcome), server.connections, len(server.mails)) == (Accepted, 2, 2)


# Login.


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        ("PLAIN LOGIN", ["AUTH PLAIN AHVzZXIAcGFzcw=="]),
        ("LOGIN", ["AUTH LOGIN", "dXNlcg==", "cGFzcw=="]),
        ("XOAUTH2 login", ["AUTH LOGIN", "dXNlcg==", "cGFzcw=="]),
        ("PLAIN LOGIN,AUTH=GSSAPI", ["AUTH PLAIN AHVzZXIAcGFzcw=="]),  # said twice, and not with the same
        ("GSSAPI,AUTH=LOGIN", ["AUTH LOGIN", "dXNlcg==", "cGFzcw=="]),
    ],
)
def test_the_login_uses_a_method_the_server_offers(envelope, offered, expected):
    with FaultServer(features=f"AUTH {offered}") as server:
        outcome = deliver_once(envelope, server.account(username="user", password="pass"))

    assert type(outcome) is Accepted
    assert server.commands[1 : 1 + len(expected)] == expected


def test_a_server_that_asks_for_what_it_was_shown_is_shown_it_again(envelope):
    asked = {"auth": Say("334 "), "ahvzzxiacgfzcw==": Say("235 2.7.0 welcome")}
    with FaultServer(features="AUTH PLAIN", **asked) as server:
        outcome = deliver_once(envelope, server.account(username="user", password="pass"))

    assert (type(outcome), server.commands[1:3]) == (Accepted, ["AUTH PLAIN AHVzZXIAcGFzcw==", "AHVzZXIAcGFzcw=="])


def test_cram_md5_answers_as_in_its_rfc(envelope):
    with FaultServer() as server:
        deliver_once(envelope, server.account(username="tim", password="tanstaaftanstaaf"))

    assert server.commands[1] == "AUTH CRAM-MD5"
    assert base64.b64decode(server.commands[2]) == b"tim b913a602c7eda7a495b4e6e7334d3890"


@pytest.mark.parametrize(
    ("script", "reason", "permanent"),
    [
        ({"auth": Say("535 5.7.8 wrong password")}, "auth", True),
        ({"auth": Say("454 4.7.0 try later")}, "auth", False),
        ({"auth": Drop()}, "dropped", False),
        ({"features": "AUTH GSSAPI"}, "auth_unavailable", True),
        ({"features": "SIZE 1000"}, "auth_unavailable", True),
    ],
)
def test_a_login_that_fails_is_the_senders_fault(envelope, script, reason, permanent):
    with FaultServer(**script) as server:
        outcome = deliver_once(envelope, server.account(username="user", password="pass"))

    assert type(outcome) is SenderFault
    assert (outcome.reason, outcome.permanent, outcome.stage) == (reason, permanent, Stage.AUTH)
    assert "MAIL" not in server.verbs()


def test_no_password_shows_in_the_account_or_the_fault(envelope):
    with FaultServer(auth=Say("535 5.7.8 no")) as server:
        account = server.account(username="user", password="s3cret-pass")
        outcome = deliver_once(envelope, account)

    assert "s3cret" not in repr(account) + repr(outcome)


# TLS.


def test_starttls_protects_everything_after_it(envelope, server_tls, trusting):
    with FaultServer(tls=server_tls, features="STARTTLS,AUTH PLAIN") as server:
        account = server.account(security=Security.STARTTLS, username="user", password="pass")
        with SmtpConnection(account, context=trusting) as connection:
            outcomes = [connection.deliver(envelope), connection.deliver(envelope)]

    assert [type(outcome) for outcome in outcomes] == [Accepted, Accepted]
    assert server.verbs()[:5] == ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL"]
    assert server.connections == 1


def test_tls_from_the_first_byte(envelope, server_tls, trusting):
    with FaultServer(tls=server_tls, wrapped=True) as server:
        outcome = deliver_once(envelope, server.account(security=Security.TLS), context=trusting)

    assert (type(outcome), server.mails) == (Accepted, [envelope.data])


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_certificate_nobody_vouches_for_is_the_senders_lasting_fault(envelope, server_tls, security):
    wrapped = security is Security.TLS
    with FaultServer(tls=server_tls, features="STARTTLS", wrapped=wrapped) as server:
        outcome = deliver_once(envelope, server.account(security=security))

    assert type(outcome) is SenderFault
    assert (outcome.reason, outcome.permanent, outcome.stage) == ("certificate", True, Stage.TLS)
    assert "self-signed" in outcome.reply


def test_a_certificate_for_another_host_is_the_senders_lasting_fault(envelope, server_tls, trusting):
    with FaultServer(tls=server_tls, features="STARTTLS") as server:
        account = server.account(host="mail.example.org", security=Security.STARTTLS)
        outcome = deliver_once(envelope, account, context=trusting)

    assert (outcome.reason, outcome.permanent) == ("certificate", True)


def test_a_server_that_offers_no_starttls_is_not_spoken_to_in_the_clear(envelope):
    with FaultServer(features="AUTH PLAIN") as server:
        account = server.account(security=Security.STARTTLS, username="user", password="pass")
        outcome = deliver_once(envelope, account)

    assert (outcome.reason, outcome.permanent) == ("tls_unavailable", True)
    assert server.verbs() == ["EHLO"]


def test_what_was_said_in_the_clear_after_starttls_is_not_believed(envelope, server_tls, trusting):
    injected = Say("220 go ahead\r\n250 queued as planned by someone else")
    with FaultServer(tls=server_tls, features="STARTTLS", starttls=injected) as server:
        account = server.account(security=Security.STARTTLS)
        outcome = deliver_once(envelope, account, context=trusting)

    assert (type(outcome), outcome.reason, outcome.stage) == (SenderFault, "garbage", Stage.TLS)


def test_a_handshake_that_never_ends_is_left_by_the_wall_clock(envelope):
    started = time.monotonic()
    with FaultServer() as server:
        account = server.account(security=Security.TLS)
        outcome = deliver_once(envelope, account, connect_seconds=0.5)

    assert (type(outcome), outcome.permanent, outcome.stage) == (SenderFault, False, Stage.TLS)
    assert time.monotonic() - started < 3


def test_there_is_one_verifying_context_in_a_process():
    assert tls_context() is tls_context()
    assert (tls_context().verify_mode, tls_context().check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_refusal_carries_the_whole_answer_on_one_clean_line(envelope):
    answer = Say("451-4.7.1 first\x1b[31m\r\n451-4.7.1 second\r\n451 4.7.1 third \xff")
    with FaultServer(rcpt=answer) as server, SmtpConnection(server.account()) as connection:
        outcome = connection.deliver(envelope)

    assert outcome == Deferred(451, "451 4.7.1 first [31m 4.7.1 second 4.7.1 third \ufffd", stage=Stage.RCPT)


def test_a_machine_without_a_socket_left_is_a_fault_that_passes(inbox):
    envelope = Envelope("a@x.example", "b@y.example", b"Subject: 1\r\n\r\nHi\r\n")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Path(os.devnull).open() as last:
        resource.setrlimit(resource.RLIMIT_NOFILE, (last.fileno(), hard))
        try:
            outcome = deliver_once(envelope, as_plain(inbox.port))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert isinstance(outcome, SenderFault)
    assert (outcome.reason, outcome.permanent, inbox.envelopes) == ("connect", False, [])
