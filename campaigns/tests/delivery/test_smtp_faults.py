"""The fault table (docs/faults.md, rows 1 to 8), each fault made by a server on a real socket."""

import contextlib
import socket
import time

import pytest

from campaigns.delivery.base import Envelope
from campaigns.delivery.outcomes import Accepted, Deferred, Kind, NotSent, Refused, SenderFault, Stage, Uncertain
from campaigns.delivery.server import Security
from campaigns.delivery.smtp import SmtpConnection
from campaigns.tests.delivery.fault_server import GOOD, Dribble, Drop, FaultServer, Hold, Say, Silence

BEFORE_DATA = ["mail", "rcpt", "data"]
SOON = 0.5  # seconds: what a deadline is in tests that wait for one


@contextlib.contextmanager
def connected(server, *, seconds=5.0, **account):
    with SmtpConnection(server.account(**account), connect_seconds=seconds, transaction_seconds=seconds) as connection:
        yield connection


def outcome_of(envelope, *, seconds=5.0, **script):
    """What comes of one mail given to a server with these faults, and that server."""
    with FaultServer(**script) as server, connected(server, seconds=seconds) as connection:
        return connection.deliver(envelope), server


# Row 1: nothing could be opened.


def test_a_refused_connection_is_the_senders_passing_fault(envelope):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with FaultServer() as server, connected(server, port=port) as connection:
        outcome = connection.deliver(envelope)

    assert (type(outcome), outcome.reason, outcome.permanent) == (SenderFault, "connect", False)


def test_an_address_that_leads_nowhere_is_not_waited_for_where_there_is_another(envelope, monkeypatch):
    monkeypatch.setattr("campaigns.delivery.session.NEXT_AFTER", 0.1)
    with FaultServer() as server, nowhere("127.0.0.2", server.port):
        began = time.monotonic()
        with connected(server, address="127.0.0.2", more_addresses=("127.0.0.1",)) as connection:
            outcome = connection.deliver(envelope)

    assert (type(outcome), time.monotonic() - began < 2.0) == (Accepted, True)  # and not half of five seconds


@contextlib.contextmanager
def nowhere(host, port):
    """An address at which nobody answers: its queue of one is full, so further calls are not even refused."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(socket.create_server((host, port), backlog=0))
        for _ in range(3):
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex((host, port))
        yield


def test_a_host_that_dns_does_not_know_is_the_senders_passing_fault(envelope):
    with FaultServer() as server, connected(server, host="nobody.invalid", address="") as connection:
        outcome = connection.deliver(envelope)

    assert (type(outcome), outcome.reason, outcome.permanent) == (SenderFault, "dns", False)


@pytest.mark.parametrize(
    ("fault", "reason", "code"),
    [
        (Say("421 4.3.2 too busy"), "greeting", 421),
        (Say("554 5.7.1 not you"), "greeting", 554),
        (Say("hello"), "garbage", 0),
    ],
)
def test_a_bad_greeting_is_the_senders_passing_fault(envelope, fault, reason, code):
    outcome, _ = outcome_of(envelope, greeting=fault)

    assert (type(outcome), outcome.reason, outcome.code) == (SenderFault, reason, code)
    assert (outcome.stage, outcome.permanent) == (Stage.GREETING, False)


def test_a_drop_instead_of_a_greeting_is_the_senders_passing_fault(envelope):
    outcome, _ = outcome_of(envelope, greeting=Drop())

    # The reset may be there before connect() has returned.
    assert outcome.reason in {"dropped", "connect"}
    assert (type(outcome), outcome.permanent, outcome.code) == (SenderFault, False, 0)


@pytest.mark.parametrize("fault", [Silence(), Dribble("220 " + "x" * 1000)])
def test_a_greeting_that_never_ends_times_out_by_the_wall_clock(envelope, fault):
    started = time.monotonic()
    outcome, _ = outcome_of(envelope, greeting=fault, seconds=SOON)

    assert (type(outcome), outcome.reason, outcome.stage) == (SenderFault, "timeout", Stage.GREETING)
    assert time.monotonic() - started < SOON + 2


@pytest.mark.parametrize(("fault", "reason"), [(Drop(), "dropped"), (Say("502 5.5.1 what?"), "ehlo")])
def test_a_failed_ehlo_is_the_senders_passing_fault(envelope, fault, reason):
    outcome, _ = outcome_of(envelope, ehlo=fault)

    assert (type(outcome), outcome.reason, outcome.permanent) == (SenderFault, reason, False)


# Rows 3 to 5: answers to the envelope.


@pytest.mark.parametrize("stage", BEFORE_DATA)
def test_a_4xx_before_the_content_defers(envelope, stage):
    outcome, server = outcome_of(envelope, **{stage: Say("451 4.7.1 greylisted, come back later")})

    assert outcome == Deferred(451, "451 4.7.1 greylisted, come back later", stage=Stage(stage))
    assert server.mails == []


@pytest.mark.parametrize("stage", BEFORE_DATA)
def test_a_5xx_before_the_content_refuses_at_its_stage(envelope, stage):
    outcome, server = outcome_of(envelope, **{stage: Say("550 5.7.1 blocked by policy")})

    assert outcome == Refused(550, "550 5.7.1 blocked by policy", Stage(stage), Kind.POLICY)
    assert server.mails == []


def test_an_unknown_user_is_a_dead_address(envelope):
    outcome, _ = outcome_of(envelope, rcpt=Say("550-5.1.1 <bob@example.org>:\r\n550 5.1.1 no such user here"))

    assert (outcome.stage, outcome.kind) == (Stage.RCPT, Kind.ADDRESS_DEAD)
    assert outcome.reply == "550 5.1.1 <bob@example.org>: 5.1.1 no such user here"


@pytest.mark.parametrize("stage", ["mail", "data", "dot"])
def test_only_an_answer_to_rcpt_can_declare_an_address_dead(envelope, stage):
    outcome, _ = outcome_of(envelope, **{stage: Say("550 5.1.1 user unknown")})

    assert (outcome.stage, outcome.kind) == (Stage(stage), Kind.CONTENT)


@pytest.mark.parametrize("stage", BEFORE_DATA)
def test_a_login_asked_for_in_mid_session_is_the_senders_lasting_fault(envelope, stage):
    outcome, _ = outcome_of(envelope, **{stage: Say("530 5.7.0 authentication required")})

    assert (type(outcome), outcome.reason, outcome.permanent, outcome.code) == (SenderFault, "auth_required", True, 530)


def test_the_session_is_used_again_after_a_refusal(envelope):
    with FaultServer(rcpt=[Say("550 5.1.1 no such user")]) as server, connected(server) as connection:
        outcomes = [connection.deliver(envelope), connection.deliver(envelope)]

    assert [type(outcome) for outcome in outcomes] == [Refused, Accepted]
    assert server.verbs() == ["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize("reset", [Say("500 what?"), Drop(), Say("nonsense")])
def test_a_session_that_cannot_be_reset_is_replaced(envelope, reset):
    script = {"rcpt": [Say("550 5.1.1 no such user")], "rset": [reset]}
    with FaultServer(**script) as server, connected(server) as connection:
        outcomes = [connection.deliver(envelope), connection.deliver(envelope)]

    assert [type(outcome) for outcome in outcomes] == [Refused, Accepted]
    assert server.connections == 2


# Row 6: answers after the dot.


@pytest.mark.parametrize("code", [421, 451, 452])
def test_a_4xx_after_the_dot_defers(envelope, code):
    outcome, _ = outcome_of(envelope, dot=Say(f"{code} 4.3.0 not now"))

    assert outcome == Deferred(code, f"{code} 4.3.0 not now", stage=Stage.DOT)


def test_a_login_asked_for_after_the_dot_is_an_answer_to_the_mail(envelope):
    outcome, _ = outcome_of(envelope, dot=Say("530 5.7.0 authentication required"))

    assert (type(outcome), outcome.stage, outcome.kind) == (Refused, Stage.DOT, Kind.POLICY)


@pytest.mark.parametrize("stage", ["rcpt", "dot"])
def test_after_421_the_connection_is_not_used_again_even_if_it_stays_open(envelope, stage):
    with FaultServer(**{stage: [Say("421 4.3.2 closing")]}) as server, connected(server) as connection:
        outcomes = [connection.deliver(envelope), connection.deliver(envelope)]

    assert [type(outcome) for outcome in outcomes] == [Deferred, Accepted]
    assert server.connections == 2


def test_a_connection_closed_with_421_is_replaced_for_the_next_mail(envelope):
    with FaultServer(dot=[Say("421 4.3.2 closing", then_drop=True)]) as server, connected(server) as connection:
        outcomes = [connection.deliver(envelope), connection.deliver(envelope)]

    assert [type(outcome) for outcome in outcomes] == [Deferred, Accepted]
    assert server.connections == 2


# Row 7: broken off before the last byte.


@pytest.mark.parametrize("stage", BEFORE_DATA)
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Drop(), "dropped"),
        (Say("banana"), "garbage"),
        (Say("250-half an answer", then_drop=True), "dropped"),
        (Say("250-one code\r\n550 and another"), "garbage"),
        (Say("199 too low"), "garbage"),
        (Say("600 too high"), "garbage"),
        (Say("2x0 ok"), "garbage"),
        (Say("250" + "x" * 70_000), "garbage"),
        (Say("\r\n".join(["250-and on"] * 10_000)), "garbage"),
        (Say("x" * 70_000, end=""), "garbage"),
    ],
)
def test_a_line_that_breaks_before_the_content_was_surely_not_sent(envelope, stage, fault, reason):
    outcome, server = outcome_of(envelope, **{stage: fault})

    assert outcome == NotSent(reason, Stage(stage))
    assert server.mails == []


@pytest.mark.parametrize("stage", BEFORE_DATA)
@pytest.mark.parametrize("fault", [Silence(), Dribble("250-" + "x" * 1000)])
def test_a_server_that_stalls_before_the_content_is_left_by_the_wall_clock(envelope, stage, fault):
    started = time.monotonic()
    outcome, _ = outcome_of(envelope, seconds=SOON, **{stage: fault})

    assert outcome == NotSent("timeout", Stage(stage))
    assert time.monotonic() - started < SOON + 2


@pytest.mark.parametrize(("stage", "next_stage"), [("mail", Stage.RCPT), ("rcpt", Stage.DATA)])
def test_an_answer_too_many_is_not_taken_for_the_next_one(envelope, stage, next_stage):
    outcome, server = outcome_of(envelope, **{stage: Say("250 ok\r\n250 ok again")})

    assert outcome == NotSent("garbage", next_stage)
    assert server.mails == []


def test_an_answer_too_many_after_the_dot_spoils_no_other_mail(envelope):
    with FaultServer(dot=[Say("250 ok\r\n550 5.1.1 no such user")]) as server, connected(server) as connection:
        outcomes = [connection.deliver(envelope), connection.deliver(envelope)]

    assert [type(outcome) for outcome in outcomes] == [Accepted, Accepted]
    assert (server.connections, len(server.mails)) == (2, 2)


def test_a_positive_answer_to_data_is_not_leave_to_send(envelope):
    outcome, server = outcome_of(envelope, data=Say("250 ok"))

    assert outcome == NotSent("garbage", Stage.DATA)
    assert server.mails == []


def test_a_drop_while_the_content_goes_out_was_surely_not_sent():
    big = Envelope("ada@sender.example", "bob@example.org", b"x" * 70 * 1024 * 1024)
    outcome, server = outcome_of(big, content=Drop(), features="8BITMIME")

    assert outcome == NotSent("dropped", Stage.CONTENT)
    assert server.mails == []


def test_a_server_that_stops_reading_the_content_was_surely_not_sent():
    big = Envelope("ada@sender.example", "bob@example.org", b"x" * 70 * 1024 * 1024)
    started = time.monotonic()
    server = FaultServer(content=Hold(), features="8BITMIME")
    with server, connected(server, seconds=SOON) as connection:
        outcome = connection.deliver(big)

    assert outcome == NotSent("timeout", Stage.CONTENT)
    assert time.monotonic() - started < SOON + 2


def test_a_server_that_hung_up_before_the_dot_gets_no_dot(envelope):
    with FaultServer(content=Drop()) as server, connected(server) as connection:
        asked = []

        def wait_for_the_drop():
            asked.append(True)
            # Asked the second time after 354, which is when this server hangs up.
            return len(asked) < 2 or server.dropped.wait(5)

        outcome = connection.deliver(envelope, before_data=wait_for_the_drop)

    assert outcome == NotSent("dropped", Stage.CONTENT)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("552 5.3.4 too big", Refused(552, "552 5.3.4 too big", Stage.CONTENT, Kind.CONTENT)),
        ("421 4.3.2 closing", Deferred(421, "421 4.3.2 closing", stage=Stage.CONTENT)),
        ("250 ok already", NotSent("garbage", Stage.CONTENT)),
    ],
)
def test_an_answer_before_the_dot_is_not_an_answer_to_it(envelope, answer, expected):
    # Sent in one piece with 354, so that it is there before any content.
    outcome, server = outcome_of(envelope, data=Say(f"{GOOD['data']}\r\n{answer}"))

    assert outcome == expected
    assert server.mails == []


@pytest.mark.parametrize("features", ["8BITMIME", "8BITMIME,PIPELINING"], ids=["one by one", "pipelined"])
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("552 5.3.4 too big", Refused(552, "552 5.3.4 too big", Stage.CONTENT, Kind.CONTENT)),
        ("451 4.3.0 scanner is away", Deferred(451, "451 4.3.0 scanner is away", stage=Stage.CONTENT)),
        ("250 ok already", NotSent("garbage", Stage.CONTENT)),
    ],
)
def test_what_a_server_said_before_it_hung_up_on_a_long_content_is_heard(answer, expected, features):
    big = Envelope("ada@sender.example", "bob@example.org", b"x" * 70 * 1024 * 1024)
    server = FaultServer(content=Say(answer, then_drop=True), features=features)
    with server, connected(server) as connection:
        outcomes = list(connection.deliver_many([big]))

    assert (outcomes, server.mails) == ([expected], [])


# Row 8: nothing to be known.


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Drop(), "dropped"),
        (Say("banana"), "garbage"),
        (Say("354 go on"), "garbage"),
        (Say("999 ok"), "garbage"),
        (Say("250-half an answer", then_drop=True), "dropped"),
        (Say("250-one code\r\n451 and another"), "garbage"),
        (Say("250 " + "x" * 70_000), "garbage"),
    ],
)
def test_without_a_trustworthy_answer_after_the_dot_nobody_knows(envelope, fault, reason):
    outcome, server = outcome_of(envelope, dot=fault)

    assert outcome == Uncertain(reason)
    assert server.mails == [envelope.data]


@pytest.mark.parametrize("fault", [Silence(), Dribble("250 " + "x" * 1000)])
def test_an_answer_after_the_dot_that_never_ends_is_uncertain_by_the_wall_clock(envelope, fault):
    started = time.monotonic()
    outcome, _ = outcome_of(envelope, seconds=SOON, dot=fault)

    assert outcome == Uncertain("timeout")
    assert time.monotonic() - started < SOON + 2


def test_an_uncertain_mail_is_not_sent_again_on_the_next_connection(envelope):
    with FaultServer(dot=[Drop()]) as server, connected(server) as connection:
        outcomes = [connection.deliver(envelope), connection.deliver(envelope)]

    assert [type(outcome) for outcome in outcomes] == [Uncertain, Accepted]
    assert (len(server.mails), server.connections) == (2, 2)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("530 5.7.0 Must issue a STARTTLS command first", "tls_required"),
        ("538 5.7.11 Encryption required for requested authentication mechanism", "tls_required"),
        ("530 5.7.1 Authentication required", "auth_required"),
        ("535 5.7.8 Error: authentication failed", "auth"),
    ],
)
@pytest.mark.parametrize("stage", ["auth", "mail"])
def test_what_has_to_come_before_a_mail_is_named(envelope, stage, answer, reason):
    account = {"username": "ada", "password": "secret"} if stage == "auth" else {}
    with FaultServer(**{stage: Say(answer)}) as server, SmtpConnection(server.account(**account)) as connection:
        outcome = connection.deliver(envelope)

    assert (type(outcome), outcome.reason, outcome.reply, outcome.permanent) == (SenderFault, reason, answer, True)


def test_a_server_in_the_clear_where_tls_was_chosen_is_told_in_words(envelope):
    with (
        FaultServer() as server,
        SmtpConnection(server.account(security=Security.TLS)) as connection,
    ):
        outcome = connection.deliver(envelope)

    assert (outcome.reason, outcome.permanent) == ("tls", False)
    assert outcome.reply == "what answers on this port does not speak TLS from the first byte"


def test_a_server_that_never_greets_is_told_once_and_with_what_it_may_be(envelope):
    with (
        FaultServer(greeting=Silence()) as server,
        SmtpConnection(server.account(), connect_seconds=0.2) as connection,
    ):
        outcome = connection.deliver(envelope)

    assert outcome.reason == "timeout"
    assert outcome.reply.startswith("the time for this is up (before the server greeted; a port that wants TLS")


@pytest.mark.parametrize(
    ("features", "reason", "words"),
    [
        ("STARTTLS,SIZE 1000000", "tls_required", "the server offers a login only once the line is encrypted"),
        ("SIZE 1000000", "auth_unavailable", "the server offers no login here"),
        ("AUTH XOAUTH2", "auth_unavailable", "the server offers XOAUTH2, not PLAIN, LOGIN or CRAM-MD5"),
    ],
)
def test_a_login_that_is_not_on_offer_is_told_with_what_is(envelope, features, reason, words):
    with FaultServer(features=features) as server:
        account = server.account(username="ada", password="secret")
        with SmtpConnection(account) as connection:
            outcome = connection.deliver(envelope)

    assert (outcome.reason, outcome.reply, outcome.permanent) == (reason, words, True)
