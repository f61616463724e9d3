"""Several mails over one connection with RFC 2920, and the fault table (docs/faults.md, rows 1 to 8) on that path."""

import socket
import time
from collections import Counter
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.delivery import smtp
from campaigns.delivery.base import Envelope
from campaigns.delivery.outcomes import Accepted, Deferred, Kind, NotSent, Refused, SenderFault, Stage, Uncertain
from campaigns.delivery.pipeline import ONE_WRITE
from campaigns.delivery.server import Security
from campaigns.delivery.smtp import SmtpConnection
from campaigns.tests.delivery.fault_server import FEATURES, GOOD, Dribble, Drop, FaultServer, Hold, Listen, Say, Silence

PIPELINING = f"{FEATURES},PIPELINING"
BEFORE_DATA = ["mail", "rcpt", "data"]
SOON = 0.5  # seconds: what a deadline is in tests that wait for one


def mails(count):
    return [
        Envelope("ada@sender.example", f"bob{place}@example.org", f"Subject: {place}\r\n\r\n.{place}\r\n".encode())
        for place in range(count)
    ]


def sent(envelopes, *, seconds=5.0, gate=None, features=PIPELINING, options=None, account=None, **script):
    """What comes of the mails given to a server with these faults, and that server."""
    with FaultServer(features=features, **script) as server:
        options = {"connect_seconds": seconds, "transaction_seconds": seconds, **(options or {})}
        with SmtpConnection(server.account(**(account or {})), **options) as connection:
            return list(connection.deliver_many(envelopes, before_data=gate)), server


def kinds(outcomes):
    return [type(outcome) for outcome in outcomes]


def test_the_commands_of_a_mail_go_out_with_the_content_of_the_one_before():
    envelopes = mails(3)

    # Every answer but the last waits for the client's next bytes; one that waits for answers would hang here.
    outcomes, server = sent(envelopes, mail=Listen(), rcpt=Listen(), dot=[Listen(), Listen()])

    assert kinds(outcomes) == [Accepted] * 3
    assert server.mails == [envelope.data for envelope in envelopes]
    assert server.verbs() == ["EHLO", *["MAIL", "RCPT", "DATA"] * 3, "QUIT"]


@pytest.mark.parametrize("features", [FEATURES, PIPELINING], ids=["one by one", "pipelined"])
def test_a_server_that_keeps_a_mail_it_refused_after_the_dot_is_told_to_forget_it(features):
    envelopes = mails(6)
    refusals = [Say("450 4.2.0 greylisted"), Say(GOOD["dot"]), Say("550 5.7.1 not wanted"), Say(GOOD["dot"])]

    outcomes, server = sent(envelopes, features=features, keeps_refused=True, dot=refusals)

    assert kinds(outcomes) == [Deferred, Accepted, Refused, Accepted, Accepted, Accepted]
    assert server.taken == [envelopes[place].data for place in (1, 3, 4, 5)]
    # Found out by the mail that was sent ahead, once.
    assert server.connections == (2 if features == PIPELINING else 1)


def test_503_to_the_first_mail_of_a_connection_refuses_it():
    outcomes, server = sent(mails(1), mail=Say("503 5.5.1 not you"))

    assert (kinds(outcomes), server.connections) == ([Refused], 1)


@pytest.mark.parametrize("features", [FEATURES, PIPELINING], ids=["one by one", "pipelined"])
@pytest.mark.parametrize("stage", ["mail", "rcpt", "dot"])
def test_a_connection_on_which_one_mail_after_the_other_is_refused_is_replaced_before_the_server_slows_down(
    features, stage
):
    outcomes, server = sent(mails(12), features=features, **{stage: Say("550 5.1.1 no such user")})

    assert kinds(outcomes) == [Refused] * 12
    assert [sum(line.startswith("MAIL") for line in talk.commands) for talk in server.talks] == [5, 5, 2]


@pytest.mark.parametrize(("slow", "connections"), [(0.0, 1), (60.0, 2)], ids=["slow", "quick"])
def test_after_a_slow_greeting_the_first_mail_goes_alone_so_that_the_connection_outlives_it(
    monkeypatch, slow, connections
):
    monkeypatch.setattr(smtp, "SLOW_SECONDS", slow)
    with FaultServer(features=PIPELINING) as server, SmtpConnection(server.account()) as connection:
        some = connection.deliver_many(mails(3))
        first = next(some)
        some.close()  # as is done when the gate's answer for the others has grown old meanwhile
        rest = list(connection.deliver_many(mails(3)[1:]))

    assert kinds([first, *rest]) == [Accepted] * 3
    assert (server.connections, len(server.taken)) == (connections, 3)


def test_refusals_among_mails_that_are_taken_cost_no_connection():
    answers = [Say("550 5.1.1 no such user" if place % 2 else GOOD["rcpt"]) for place in range(20)]

    outcomes, server = sent(mails(20), rcpt=answers)

    assert kinds(outcomes) == [Accepted, Refused] * 10
    assert server.connections == 1


def test_without_pipelining_on_offer_one_command_goes_out_at_a_time():
    outcomes, server = sent(mails(2), features=FEATURES, rcpt=[Say("550 5.1.1 no such user")])

    assert kinds(outcomes) == [Refused, Accepted]
    assert server.verbs() == ["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA", "QUIT"]


def test_pipelining_can_be_switched_off():
    outcomes, server = sent(mails(1), rcpt=Say("550 5.1.1 no such user"), options={"pipelined": False})

    assert kinds(outcomes) == [Refused]
    assert server.verbs() == ["EHLO", "MAIL", "RCPT", "RSET", "QUIT"]


def test_under_tls_mails_arrive_the_same(server_tls, trusting):
    envelopes = mails(3)
    account = {"security": Security.STARTTLS}

    outcomes, server = sent(
        envelopes, tls=server_tls, features="STARTTLS,PIPELINING", options={"context": trusting}, account=account
    )

    assert kinds(outcomes) == [Accepted] * 3
    assert (server.connections, server.mails) == (1, [envelope.data for envelope in envelopes])


def test_size_and_character_sets_are_declared_for_each_mail():
    plain = Envelope("ada@sender.example", "bob@example.org", b"x\r\n")
    eight_bit = Envelope("ada@sender.example", "jörg@example.org", "ö\r\n".encode())

    _, server = sent([plain, eight_bit])

    assert [command for command in server.commands if command.startswith("MAIL")] == [
        "MAIL FROM:<ada@sender.example> SIZE=3",
        "MAIL FROM:<ada@sender.example> SIZE=4 BODY=8BITMIME SMTPUTF8",
    ]


def test_a_mail_the_server_could_only_refuse_is_not_offered_and_holds_up_no_other():
    first, second, third = mails(3)
    too_big = Envelope(second.mail_from, second.rcpt_to, b"x" * 2_000)

    outcomes, server = sent([first, too_big, third], features="PIPELINING,SIZE 1000")

    assert kinds(outcomes) == [Accepted, Refused, Accepted]
    assert server.mails == [first.data, third.data]


def test_a_connection_is_replaced_after_its_share_of_mails():
    outcomes, server = sent(mails(5), options={"max_mails": 2})

    assert kinds(outcomes) == [Accepted] * 5
    assert (server.connections, server.verbs().count("MAIL"), len(server.mails)) == (3, 5, 5)


def test_a_long_content_arrives_whole():
    long = Envelope("ada@sender.example", "bob@example.org", b"line\r\n" * ONE_WRITE)

    outcomes, server = sent([long, *mails(1), long])

    assert kinds(outcomes) == [Accepted] * 3
    assert server.mails[0] == server.mails[2] == long.data


# The gate.


def test_no_content_goes_out_before_its_own_gate():
    seen = []
    with FaultServer(features=PIPELINING) as server, SmtpConnection(server.account()) as connection:

        def gate(place):
            seen.append((place, len(server.mails), server.verbs().count("DATA")))
            return True

        outcomes = list(connection.deliver_many(mails(3), before_data=gate))

    # At the gate of each mail the server waits for its content and has that of those before it.
    assert seen == [(0, 0, 1), (1, 1, 2), (2, 2, 3)]
    assert kinds(outcomes) == [Accepted] * 3


def test_the_gate_of_a_mail_is_asked_after_the_outcome_of_the_one_before():
    log = []
    with FaultServer(features=PIPELINING) as server, SmtpConnection(server.account()) as connection:
        asking = connection.deliver_many(mails(3), before_data=lambda place: log.append(("gate", place)) or True)
        for place, _ in enumerate(asking):
            log.append(("outcome", place))

    assert log == [(word, place) for place in range(3) for word in ("gate", "outcome")]


def test_a_gate_that_says_no_keeps_only_its_own_mail_back():
    envelopes = mails(3)

    outcomes, server = sent(envelopes, gate=lambda place: place != 1)

    assert outcomes[1] == NotSent("gate_expired", Stage.CONTENT)
    assert kinds(outcomes) == [Accepted, NotSent, Accepted]
    assert server.mails == [envelopes[0].data, envelopes[2].data]


def test_a_gate_that_fails_leaves_no_session_in_mid_transaction():
    def fail(place):
        if place:
            raise LookupError("the database is gone")
        return True

    with FaultServer(features=PIPELINING) as server, SmtpConnection(server.account()) as connection:
        with pytest.raises(LookupError):
            list(connection.deliver_many(mails(3), before_data=fail))
        outcome = connection.deliver(mails(1)[0])

    assert (type(outcome), server.connections, len(server.mails)) == (Accepted, 2, 2)


def test_mails_left_when_the_caller_stops_are_not_sent_and_the_connection_is_fit_for_more():
    envelopes = mails(3)
    with FaultServer(features=PIPELINING) as server, SmtpConnection(server.account()) as connection:
        asking = connection.deliver_many(envelopes)
        first = next(asking)
        asking.close()
        last = connection.deliver(envelopes[2])

    assert kinds([first, last]) == [Accepted, Accepted]
    assert server.mails == [envelopes[0].data, envelopes[2].data]


def test_another_mail_on_the_same_connection_in_between_disturbs_neither():
    envelopes = mails(3)
    with FaultServer(features=PIPELINING) as server, SmtpConnection(server.account()) as connection:
        asking = connection.deliver_many(envelopes[:2])
        outcomes = [next(asking), connection.deliver(envelopes[2]), *asking]

    assert kinds(outcomes) == [Accepted] * 3
    assert server.mails == [envelopes[0].data, envelopes[2].data, envelopes[1].data]


def test_envelopes_are_read_one_ahead_and_before_the_gate():
    log = []

    def made():
        for place, envelope in enumerate(mails(3)):
            log.append(("made", place))
            yield envelope

    sent(made(), gate=lambda place: log.append(("gate", place)) or True)

    assert log == [("made", 0), ("made", 1), ("gate", 0), ("made", 2), ("gate", 1), ("gate", 2)]


# Rows 1 and 2: nothing could be opened.


def test_a_server_that_cannot_be_reached_is_the_senders_passing_fault_for_each_mail():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    outcomes, _ = sent(mails(2), account={"port": port})

    assert [(type(outcome), outcome.permanent) for outcome in outcomes] == [(SenderFault, False)] * 2


def test_a_refused_login_is_the_senders_lasting_fault():
    outcomes, server = sent(mails(1), auth=Say("535 5.7.8 wrong"), account={"username": "user", "password": "pass"})

    assert [(type(outcome), outcome.reason, outcome.permanent) for outcome in outcomes] == [(SenderFault, "auth", True)]
    assert "MAIL" not in server.verbs()


# Rows 3 to 6: answers. Whatever the second of three mails meets, the others arrive over the same connection.


@pytest.mark.parametrize("stage", [*BEFORE_DATA, "dot"])
@pytest.mark.parametrize("lax", [False, True])
@pytest.mark.parametrize(
    ("answer", "kind"), [("451 4.7.1 greylisted", None), ("550 5.7.1 blocked", Kind.POLICY), ("530 5.7.0 log in", None)]
)
def test_a_refusal_is_that_mails_alone_and_the_same_as_without_pipelining(stage, lax, answer, kind):
    script = {"features": PIPELINING, "lax": lax}
    envelopes = mails(3)

    pipelined, server = sent(envelopes, **script, **{stage: [None, Say(answer)]})
    one_by_one, _ = sent(envelopes, **script, **{stage: [None, Say(answer)]}, options={"pipelined": False})

    if lax and stage == "mail":
        # Such a server takes RCPT after a refused MAIL, so its answers look out of step; the mail is offered anew.
        assert kinds(pipelined) == [Accepted, Accepted, Accepted]
    else:
        assert pipelined == one_by_one
        assert (kinds(pipelined)[0], pipelined[1].stage, kinds(pipelined)[2]) == (Accepted, Stage(stage), Accepted)
        assert kind is None or pipelined[1].kind == kind
        assert server.taken == [envelopes[0].data, envelopes[2].data]


def test_354_to_a_mail_without_a_recipient_is_ended_by_a_lone_dot_that_delivers_nothing():
    envelopes = mails(3)

    outcomes, server = sent(envelopes, lax=True, rcpt=[None, Say("550 5.1.1 no such user")])

    assert outcomes[1] == Refused(550, "550 5.1.1 no such user", Stage.RCPT, Kind.ADDRESS_DEAD)
    assert server.mails == [envelopes[0].data, envelopes[2].data]
    assert (server.connections, "RSET" in server.verbs()) == (1, False)


def test_a_refusal_of_the_last_mail_leaves_a_session_for_more():
    script = {"features": PIPELINING, "lax": True, "rcpt": [Say("450 4.2.1 later")]}
    with FaultServer(**script) as server, SmtpConnection(server.account()) as connection:
        outcomes = [*connection.deliver_many(mails(1)), connection.deliver(mails(1)[0])]

    assert (kinds(outcomes), server.connections, len(server.mails)) == ([Deferred, Accepted], 1, 1)


def test_no_empty_mail_is_sent_where_mail_was_refused_and_the_rest_taken():
    outcomes, server = sent(mails(2), lax=True, mail=Say("550 5.7.1 blocked"))

    assert outcomes == [Refused(550, "550 5.7.1 blocked", Stage.MAIL, Kind.POLICY)] * 2
    assert server.mails == []


@pytest.mark.parametrize("then_drop", [False, True])
@pytest.mark.parametrize("stage", ["rcpt", "dot"])
def test_after_421_the_mails_behind_it_go_over_a_new_connection(stage, then_drop):
    fault = Say("421 4.3.2 closing", then_drop=then_drop)

    outcomes, server = sent(mails(3), **{stage: [None, fault]})

    assert kinds(outcomes) == [Accepted, Deferred, Accepted]
    assert outcomes[1] == Deferred(421, "421 4.3.2 closing", stage=Stage(stage))
    assert (server.connections, len(server.taken)) == (2, 2)


@pytest.mark.parametrize("farewell", [Drop(), Say("421 4.4.2 enough for one connection", then_drop=True)])
def test_a_connection_that_ends_between_two_mails_is_replaced_unnoticed(farewell):
    outcomes, server = sent(mails(3), mail=[None, farewell])

    assert kinds(outcomes) == [Accepted] * 3
    assert (server.connections, len(server.mails)) == (2, 3)


# Row 7: broken off before the last byte.


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("rcpt", NotSent("dropped", Stage.RCPT)),
        ("data", NotSent("dropped", Stage.DATA)),
    ],
)
def test_a_drop_before_the_content_was_surely_not_sent(stage, expected):
    envelopes = mails(3)

    outcomes, server = sent(envelopes, **{stage: [None, Drop()]})

    assert outcomes[1] == expected
    assert kinds(outcomes) == [Accepted, NotSent, Accepted]
    assert server.mails == [envelopes[0].data, envelopes[2].data]


@pytest.mark.parametrize("stage", BEFORE_DATA)
@pytest.mark.parametrize("fault", [Say("banana"), Say("199 low"), Say("250-one\r\n550 two"), Say("250" + "x" * 70_000)])
def test_garbage_before_the_content_was_surely_not_sent(stage, fault):
    outcomes, server = sent(mails(1), **{stage: fault})

    assert outcomes == [NotSent("garbage", Stage(stage))]
    assert server.mails == []


@pytest.mark.parametrize("stage", BEFORE_DATA)
@pytest.mark.parametrize("fault", [Silence(), Dribble("250-" + "x" * 1000)])
def test_a_server_that_stalls_before_the_content_is_left_by_the_wall_clock(stage, fault):
    started = time.monotonic()
    outcomes, server = sent(mails(2), seconds=SOON, **{stage: [None, fault]})

    assert outcomes[1] == NotSent("timeout", Stage(stage))
    assert len(server.mails) == 1
    assert time.monotonic() - started < SOON + 2


def test_a_positive_answer_to_data_is_not_leave_to_send():
    outcomes, server = sent(mails(1), data=Say("250 ok"))

    assert (outcomes, server.mails) == ([NotSent("garbage", Stage.DATA)], [])


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("552 5.3.4 too big", Refused(552, "552 5.3.4 too big", Stage.CONTENT, Kind.CONTENT)),
        ("250 ok already", NotSent("garbage", Stage.CONTENT)),
    ],
)
def test_an_answer_before_the_content_is_not_an_answer_to_the_dot(answer, expected):
    asked = []

    # In one piece with 354, so that it is there before any content.
    outcomes, server = sent(mails(1), gate=asked.append, data=Say(f"{GOOD['data']}\r\n{answer}"))

    assert (outcomes, server.mails, asked) == ([expected], [], [])


@pytest.mark.parametrize(("fault", "seconds", "reason"), [(Drop(), 30.0, "dropped"), (Hold(), 1.0, "timeout")])
def test_a_long_content_that_could_not_go_out_was_surely_not_sent(fault, seconds, reason):
    big = Envelope("ada@sender.example", "bob@example.org", b"x" * 70 * 1024 * 1024)

    outcomes, server = sent([big, *mails(1)], seconds=seconds, features="PIPELINING", content=[fault])

    assert outcomes[0] == NotSent(reason, Stage.CONTENT)
    assert (kinds(outcomes), len(server.mails)) == ([NotSent, Accepted], 1)


# Row 8: nothing to be known about one mail; the one sent ahead with it is not touched.


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Drop(), "dropped"),
        (Say("banana"), "garbage"),
        (Say("354 go on"), "garbage"),
        (Say("250-half an answer", then_drop=True), "dropped"),
        (Say("250-one code\r\n451 and another"), "garbage"),
        (Say("250 " + "x" * 70_000), "garbage"),
    ],
)
def test_of_two_mails_on_the_way_only_the_one_with_its_dot_out_is_uncertain(fault, reason):
    envelopes = mails(3)

    outcomes, server = sent(envelopes, dot=[None, fault])

    assert outcomes[1] == Uncertain(reason)
    assert kinds(outcomes) == [Accepted, Uncertain, Accepted]
    assert (server.mails, server.connections) == ([envelope.data for envelope in envelopes], 2)


@pytest.mark.parametrize("fault", [Silence(), Dribble("250 " + "x" * 1000)])
def test_an_answer_to_the_dot_that_never_ends_is_uncertain_by_the_wall_clock(fault):
    started = time.monotonic()
    outcomes, server = sent(mails(2), seconds=SOON, dot=[fault])

    assert kinds(outcomes) == [Uncertain, Accepted]
    assert len(server.mails) == 2
    assert time.monotonic() - started < SOON + 2


def test_when_the_server_goes_away_for_good_one_mail_is_uncertain_and_the_others_surely_not_sent():
    script = {"features": PIPELINING, "dot": [None, Drop()], "greeting": [None, Drop(), Drop()]}
    with FaultServer(**script) as server, SmtpConnection(server.account()) as connection:
        outcomes = list(connection.deliver_many(mails(4)))

    assert kinds(outcomes) == [Accepted, Uncertain, SenderFault, SenderFault]
    assert len(server.mails) == 2


# Answers out of step with the commands.


STRAYS = ["550 5.1.1 no such user", "250 ok", "354 go on", "451 later"]
LEAVE = ("rcpt", "354 go on")  # looks like leave to send, so it is seen only when the content is about to go out


@pytest.mark.parametrize(
    ("stage", "stray"), [pair for pair in product(["mail", "rcpt", "dot"], STRAYS) if pair != LEAVE]
)
def test_an_answer_too_many_is_never_taken_for_the_next_one(stage, stray):
    envelopes = mails(4)

    outcomes, server = sent(envelopes, **{stage: [None, Say(f"{GOOD[stage]}\r\n{stray}")]})

    assert kinds(outcomes) == [Accepted] * len(envelopes)
    assert server.mails == [envelope.data for envelope in envelopes]


def test_where_an_answer_too_many_looks_like_leave_to_send_the_content_is_kept_back():
    envelopes = mails(4)
    stage, stray = LEAVE

    # In one piece with the answer that is left over then, so that it is there before any content.
    answers = Say("\r\n".join([GOOD[stage], stray, GOOD["data"]]))
    outcomes, server = sent(envelopes, **{stage: [None, answers]}, data=[None, Say("")])

    assert outcomes.pop(1) == NotSent("garbage", Stage.CONTENT)
    assert kinds(outcomes) == [Accepted] * 3
    assert server.mails == [envelope.data for envelope in envelopes if envelope is not envelopes[1]]


def test_one_that_comes_only_when_the_content_is_on_its_way_leaves_that_mail_uncertain():
    envelopes = mails(4)
    stage, stray = LEAVE

    outcomes, server = sent(envelopes, **{stage: [None, Say(f"{GOOD[stage]}\r\n{stray}")]}, data=[None, Listen()])

    assert outcomes.pop(1) == Uncertain("garbage")
    assert kinds(outcomes) == [Accepted] * 3
    assert [server.mails.count(envelope.data) for envelope in envelopes] == [1] * 4


def test_a_server_that_loses_count_once_is_then_spoken_to_one_command_at_a_time():
    _, server = sent(mails(4), rcpt=[Say("250 ok\r\n250 ok again"), None, None, Say("550 5.1.1 no such user")])

    assert server.last_verbs()[-7:] == ["MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA", "QUIT"]


# All of it together.

ANSWERS = ["250 ok", "450 4.2.1 later", "550 5.1.1 no such user", "421 4.3.2 closing", "354 go on", "banana"]
FAULTS = st.one_of(
    st.none(),
    st.just(Drop()),
    st.builds(Say, st.sampled_from(ANSWERS), then_drop=st.booleans()),
    st.builds(lambda first, second: Say(f"{first}\r\n{second}"), *[st.sampled_from(ANSWERS)] * 2),
)
SCRIPTS = st.fixed_dictionaries({stage: st.lists(FAULTS, max_size=5) for stage in (*BEFORE_DATA, "dot")})
SANE = st.none() | st.sampled_from([Drop(), Say("450 later"), Say("550 no"), Say("421 bye")])
SOUND = st.fixed_dictionaries({stage: st.lists(SANE, max_size=5) for stage in (*BEFORE_DATA, "dot")})


@settings(max_examples=60, deadline=None)
@given(SOUND, st.booleans())
def test_whatever_a_server_answers_each_outcome_is_true_to_what_it_took(script, lax):
    envelopes = mails(5)

    outcomes, server = sent(envelopes, lax=lax, **script)

    received, taken = Counter(server.mails), Counter(server.taken)
    assert len(outcomes) == len(envelopes)
    assert max(received.values(), default=1) == 1
    for envelope, outcome in zip(envelopes, outcomes, strict=True):
        went_out = isinstance(outcome, Accepted | Uncertain) or getattr(outcome, "stage", None) is Stage.DOT
        assert received[envelope.data] == went_out
        if not isinstance(outcome, Uncertain):
            assert taken[envelope.data] == isinstance(outcome, Accepted)


@settings(max_examples=60, deadline=None)
@given(SCRIPTS, st.booleans())
def test_a_server_gone_mad_still_gets_no_mail_twice_and_none_that_was_said_not_to_be_sent(script, lax):
    envelopes = mails(4)

    outcomes, server = sent(envelopes, lax=lax, seconds=1.0, **script)

    received = Counter(server.mails)
    assert len(outcomes) == len(envelopes)
    for envelope, outcome in zip(envelopes, outcomes, strict=True):
        assert received[envelope.data] <= 1
        if isinstance(outcome, NotSent | SenderFault):
            assert received[envelope.data] == 0
