"""Mails by way of e-mail services: what goes over, and the fault table for HTTP. Real sockets, five real APIs."""

import json
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP
from itertools import count

import pytest

from campaigns.content.mailbox import Mailbox
from campaigns.content.message import build
from campaigns.delivery.base import Envelope
from campaigns.delivery.esp import BATCH, EspConnection
from campaigns.delivery.lines import hang_up_all
from campaigns.delivery.outcomes import Accepted, Deferred, Kind, NotSent, Refused, SenderFault, Stage, Uncertain
from campaigns.delivery.services import SERVICES
from campaigns.tests.delivery.service_server import DRIBBLE, HANG_UP, KEYS, SILENCE, Says, ServiceServer
from campaigns.tests.factories import NOON
from campaigns_project.outbound import AddressNotAllowed, addresses_of

FIVE = sorted(KEYS)


def a_mail(to="bob@example.org", subject="Dobrý den, 50 % off", number=1):
    data = build(
        sender=Mailbox("ada@sender.example", "Ada Łoś"),
        recipient=Mailbox(to, "Bob, Jr."),
        subject=subject,
        message_id=f"<{number}.made@sender.example>",
        date=NOON,
        html="<p>Čau <b>Bob</b> &amp; co</p>",
        text=f"Čau Bob {number}\n.\n",
        reply_to=Mailbox("replies@sender.example"),
        unsubscribe_url=f"https://mail.example/t/token-{number}",
    )
    return Envelope("ada@sender.example", to, data)


def connected(server, esp="postmark", **changes):
    return EspConnection(esp, server.keys(esp) | changes, resolve=server.resolve, request_seconds=0.5)


@pytest.mark.parametrize("esp", FIVE)
def test_both_bodies_and_our_headers_arrive_as_they_are(esp):
    with ServiceServer() as server:
        outcome = connected(server, esp).deliver(a_mail())

    assert isinstance(outcome, Accepted)
    (mail,) = server.mails
    headers = {name.lower(): value for name, value in mail.headers.items()}
    assert ("bob@example.org" in mail.to, "ada@sender.example" in mail.sender) == (True, True)
    assert mail.subject == "Dobrý den, 50 % off"
    assert mail.text.splitlines() == ["Čau Bob 1", "."]
    assert "<b>Bob</b> &amp; co" in mail.html
    assert headers["message-id"] == "<1.made@sender.example>"
    assert headers["list-unsubscribe"] == "<https://mail.example/t/token-1>"
    assert headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"


def test_the_id_the_service_gives_is_kept():
    with ServiceServer() as server:
        outcome = connected(server).deliver(a_mail())

    assert "b7bc2f4a" in outcome.reply


@pytest.mark.parametrize("esp", FIVE)
def test_too_many_requests_defer_by_what_the_service_asks_for(esp):
    with ServiceServer(Says(429, {"message": "slow down"}, {"Retry-After": "37"})) as server:
        outcome = connected(server, esp).deliver(a_mail())

    assert isinstance(outcome, Deferred)
    assert (outcome.code, outcome.retry_after) == (429, timedelta(seconds=37))


@pytest.mark.parametrize("asked", [f"Wed, 21 Oct {'9' * 20} 07:28:00 GMT", f"Wed, 21 Oct 2015 07:28:00 +{'9' * 14}"])
def test_a_date_that_no_calendar_has_asks_for_no_wait(asked):
    with ServiceServer(Says(429, "", {"Retry-After": asked})) as server:
        outcome = connected(server).deliver(a_mail())

    assert (type(outcome), outcome.retry_after) == (Deferred, None)


def test_until_then_the_service_is_not_asked_again():
    with ServiceServer(Says(429, "", {"Retry-After": "37"})) as server:
        outcomes = list(connected(server).deliver_many([a_mail(), a_mail("eve@example.org"), a_mail("x@example.org")]))

    assert [type(outcome) for outcome in outcomes] == [Deferred, Deferred, Deferred]
    assert [outcome.is_asked for outcome in outcomes] == [True, False, False]
    assert len(server.requests) == 1


def test_a_service_that_is_away_defers():
    with ServiceServer(Says(503, "maintenance")) as server:
        outcome = connected(server).deliver(a_mail())

    assert isinstance(outcome, Deferred)


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_service_that_loses_its_way_may_have_taken_the_mail_and_gets_no_other(status):
    with ServiceServer(Says(status, "oops")) as server:
        outcomes = list(connected(server).deliver_many([a_mail(), a_mail("eve@example.org")]))

    assert outcomes[0] == Uncertain(f"http_{status}")
    assert (outcomes[1].reason, outcomes[1].permanent) == ("service_trouble", False)
    assert len(server.requests) == 1


@pytest.mark.parametrize("esp", FIVE)
def test_wrong_keys_are_the_senders_fault(esp):
    wrong = {name: "bad-key" for name in KEYS[esp] if name != "sender_domain"}
    with ServiceServer() as server:
        outcome = connected(server, esp, **wrong).deliver(a_mail())

    assert isinstance(outcome, SenderFault)
    assert (outcome.reason, outcome.permanent, outcome.code, server.mails) == ("auth", True, 401, [])


@pytest.mark.parametrize(
    ("esp", "status", "body"),
    [
        (
            "postmark",
            422,
            {"ErrorCode": 400, "Message": "The 'From' address is not a Sender Signature on your ..."},
        ),
        ("postmark", 422, {"ErrorCode": 412, "Message": "While your account is pending approval, all recipients ..."}),
        ("mailgun", 404, {"message": "Domain not found: sender.example"}),
        ("sendgrid", 403, {"errors": [{"message": "The from address does not match a verified Sender Identity"}]}),
        ("brevo", 400, {"code": "invalid_parameter", "message": "sender ada@sender.example is not valid"}),
        ("brevo", 402, {"code": "not_enough_credits", "message": "not enough credits"}),
        ("resend", 422, {"name": "validation_error", "message": "The sender.example domain is not verified."}),
        ("resend", 302, ""),
    ],
)
def test_what_is_wrong_with_the_account_pauses_the_sender_and_blames_nobody_else(esp, status, body):
    with ServiceServer(Says(status, body, {"Location": "http://localhost:1/"} if status == 302 else {})) as server:
        outcome = connected(server, esp).deliver(a_mail())

    assert (type(outcome), getattr(outcome, "permanent", None)) == (SenderFault, True), outcome
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("esp", "status", "body", "kind"),
    [
        (
            "postmark",
            422,
            {
                "ErrorCode": 406,
                "Message": "You tried to send to a recipient that has been marked as inactive.\n Found inactive"
                " addresses: bob@example.org.\n Inactive recipients are ones that have generated a hard bounce or a"
                " spam complaint.",
            },
            Kind.OTHER,
        ),
        ("brevo", 400, {"code": "invalid_parameter", "message": "email is not valid in to"}, Kind.OTHER),
        ("mailgun", 400, {"message": "message: too big, the message size limit is 26214400"}, Kind.CONTENT),
        ("resend", 413, "too large", Kind.CONTENT),
    ],
)
def test_a_mail_refused_for_good_fails_alone(esp, status, body, kind):
    with ServiceServer(Says(status, body)) as server:
        outcome = connected(server, esp).deliver(a_mail())

    assert (type(outcome), getattr(outcome, "kind", None)) == (Refused, kind), outcome


def test_a_service_that_does_not_answer_is_hung_up_on_by_who_has_to_end():
    with ServiceServer(SILENCE) as server, ThreadPoolExecutor(1) as pool:
        keys = server.keys("postmark")
        connection = EspConnection("postmark", keys, resolve=server.resolve, request_seconds=30.0)
        answer = pool.submit(connection.deliver, a_mail())
        ends = time.monotonic() + 5.0
        while connection._line.stage is not Stage.DOT:
            assert time.monotonic() < ends, "the request does not go out"
            time.sleep(0.01)

        hung_up = hang_up_all()

        assert answer.result(timeout=5.0) == Uncertain("dropped")
    assert (hung_up, hang_up_all()) == (1, 0)


@pytest.mark.parametrize(("fault", "reason"), [(HANG_UP, "dropped"), (SILENCE, "timeout"), (DRIBBLE, "timeout")])
def test_without_an_answer_to_a_whole_request_nobody_knows(fault, reason):
    with ServiceServer(fault) as server:
        outcome = connected(server).deliver(a_mail())

    assert outcome == Uncertain(reason)


@pytest.mark.parametrize("body", ["<html>", "{}", "[]", '{"Message": "OK"}', "null"])
def test_a_yes_that_cannot_be_read_leaves_the_mail_uncertain(body):
    with ServiceServer(Says(200, body)) as server:
        outcome = connected(server).deliver(a_mail())

    assert isinstance(outcome, Uncertain), outcome


def test_nobody_listening_is_a_fault_that_passes():
    with ServiceServer() as server:
        keys = server.keys("postmark")

    outcome = EspConnection("postmark", keys, resolve=server.resolve).deliver(a_mail())

    assert (outcome.reason, outcome.permanent) == ("connect", False)


def test_a_line_that_drops_before_the_request_is_whole_has_sent_nothing():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        keys = KEYS["postmark"] | {"api_url": f"http://localhost:{listener.getsockname()[1]}/"}
        connection = EspConnection("postmark", keys, resolve=lambda *_: ["127.0.0.1"], request_seconds=0.5)
        # More than the buffers of both ends hold, to somebody who never reads.
        big = b"Subject: big\r\nFrom: ada@sender.example\r\nTo: bob@example.org\r\n\r\n" + b"y" * 12_000_000
        outcome = connection.deliver(Envelope("ada@sender.example", "bob@example.org", big))

    assert outcome == NotSent("timeout", Stage.CONTENT)


def test_a_certificate_nobody_vouches_for_pauses_the_sender(server_tls):
    with ServiceServer(tls=server_tls) as server:
        outcome = connected(server).deliver(a_mail())

    assert (outcome.reason, outcome.permanent, server.requests) == ("certificate", True, [])


def test_a_certificate_is_checked_against_the_name_and_not_the_pinned_address(server_tls, certificate, monkeypatch):
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))
    with ServiceServer(tls=server_tls) as server:
        outcome = connected(server).deliver(a_mail())

    assert isinstance(outcome, Accepted)


def test_the_gate_is_asked_once_connected_and_a_no_sends_nothing():
    asked = []
    with ServiceServer() as server:
        outcome = connected(server).deliver(a_mail(), before_data=lambda: asked.append(1) or False)

    assert (outcome, asked, server.requests) == (NotSent("gate_expired", Stage.DATA), [1], [])


def test_mails_of_one_request_leave_only_when_all_may_at_the_same_moment():
    """The first is let through, goes out of the campaign while the second is asked about, and is asked again."""
    asked = [0, 0]

    def may_begin(place):
        asked[place] += 1
        time.sleep(0.02 if place and asked[place] == 1 else 0)
        return place == 1 or asked[place] == 1

    with ServiceServer() as server:
        mails = [a_mail(), a_mail("eve@example.org", number=2)]
        outcomes = list(connected(server, "mailgun").deliver_many(mails, before_data=may_begin))

    assert [type(outcome) for outcome in outcomes] == [NotSent, Accepted]
    assert [mail.to for mail in server.mails] == ["eve@example.org"]


def test_a_service_inside_our_own_network_is_not_connected_to(settings):
    settings.OUTBOUND_ALLOW_HOSTS = []
    with ServiceServer() as server:
        connection = EspConnection(
            "postmark", server.keys("postmark"), resolve=lambda host, port: addresses_of(host, port=port)
        )
        outcome = connection.deliver(a_mail())

    assert (outcome.reason, outcome.permanent, server.requests) == ("address_not_allowed", True, [])


def test_the_name_is_looked_up_for_each_connection_and_judged_each_time():
    """A name that changes its mind after it was checked (rebinding) is judged again, not believed."""
    answers = count()

    def rebinding(host, _port):
        if next(answers):
            raise AddressNotAllowed(host, "10.0.0.1")
        return ["127.0.0.1"]

    with ServiceServer() as server:
        connection = EspConnection("postmark", server.keys("postmark"), resolve=rebinding)
        first = connection.deliver(a_mail())
        connection.close()
        second = connection.deliver(a_mail("eve@example.org"))

    assert isinstance(first, Accepted)
    assert (second.reason, len(server.mails)) == ("address_not_allowed", 1)


def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with ServiceServer() as server:
        outcome = connected(server).deliver(a_mail())

    assert isinstance(outcome, Accepted)


def test_mailgun_gets_many_mails_in_one_request_and_each_person_the_own_mail():
    people = [a_mail(f"p{n}@example.org", f"Hello {n}", n) for n in range(BATCH + 3)]
    with ServiceServer() as server:
        outcomes = list(connected(server, "mailgun").deliver_many(people))

    assert [type(outcome) for outcome in outcomes] == [Accepted] * len(people)
    assert len(server.requests) == 2
    assert [(mail.to, mail.subject, mail.headers["Message-Id"]) for mail in server.mails] == [
        (f"p{n}@example.org", f"Hello {n}", f"<{n}.made@sender.example>") for n in range(len(people))
    ]
    assert {mail.headers["List-Unsubscribe"] for mail in server.mails} == {
        f"<https://mail.example/t/token-{n}>" for n in range(len(people))
    }


def test_a_batch_refused_as_a_whole_goes_one_by_one_so_that_one_bad_mail_fails_alone():
    people = [a_mail(f"p{n}@example.org", number=n) for n in range(3)]
    refused = Says(400, {"message": "to parameter is not a valid address. please check documentation"})
    with ServiceServer(refused, None, refused) as server:
        outcomes = list(connected(server, "mailgun").deliver_many(people))

    assert [type(outcome) for outcome in outcomes] == [Accepted, Refused, Accepted]
    assert [mail.to for mail in server.mails] == ["p0@example.org", "p2@example.org"]


def test_one_person_is_never_twice_in_a_batch_and_a_text_that_reads_like_a_field_goes_alone():
    mails = [a_mail(number=1), a_mail(number=2), a_mail("eve@example.org", "%recipient.html%"), a_mail("x@example.org")]
    with ServiceServer() as server:
        outcomes = list(connected(server, "mailgun").deliver_many(mails))

    assert [type(outcome) for outcome in outcomes] == [Accepted] * 4
    assert [mail.headers["Message-Id"][1] for mail in server.mails] == ["1", "2", "1", "1"]
    assert server.mails[2].subject == "%recipient.html%"
    assert len(server.requests) == 4


def test_a_batch_whose_answer_is_lost_is_in_doubt_for_each_of_it():
    people = [a_mail(f"p{n}@example.org", number=n) for n in range(3)]
    with ServiceServer(HANG_UP) as server:
        outcomes = list(connected(server, "mailgun").deliver_many(people))

    assert outcomes == [Uncertain("dropped")] * 3


def test_what_ends_the_worker_in_mid_batch_is_raised_after_the_doubt_was_said(monkeypatch):
    people = [a_mail(f"p{n}@example.org", number=n) for n in range(3)]
    seen = []
    with ServiceServer() as server:
        connection = connected(server, "mailgun")

        def stop(*_args, **_named):
            raise SystemExit

        monkeypatch.setattr(connection._line, "written", stop)
        with pytest.raises(SystemExit):
            seen.extend(outcome for outcome in _noted(connection.deliver_many(people), seen))

    assert seen == [Uncertain("interrupted")] * 3


def test_what_ends_the_worker_before_the_request_leaves_nobody_in_doubt():
    people = [a_mail(f"p{n}@example.org", number=n) for n in range(3)]
    seen = []

    def ask(place):
        if place == 1:
            raise SystemExit
        return True

    with ServiceServer() as server:
        outcomes = connected(server, "mailgun").deliver_many(people, before_data=ask)
        with pytest.raises(SystemExit):
            _noted(outcomes, seen)

    assert (seen, server.mails) == ([NotSent("interrupted", Stage.CONNECT)] * 3, [])


def _noted(outcomes, seen):
    for outcome in outcomes:
        seen.append(outcome)
    return []


def test_every_service_of_the_list_can_be_made_and_sends_to_its_own_address_unless_told_otherwise():
    for esp, service in SERVICES.items():
        keys = dict.fromkeys(service.needs, "key")
        if "api_url" in keys:
            keys["api_url"] = "https://postal.example/api/v1/"
        connection = EspConnection(esp, keys, resolve=lambda *_: [])
        assert connection._anymail.api_url.startswith(service.url.rstrip("/") or "https://postal.example"), esp


def test_a_mail_the_service_cannot_carry_fails_and_nothing_is_asked():
    data = message_from_bytes(a_mail().data, policy=SMTP)
    data["X-Note"] = "čau"
    with ServiceServer() as server:
        outcome = connected(server, "brevo").deliver(Envelope("ada@sender.example", "bob@example.org", data.as_bytes()))

    assert (type(outcome), outcome.stage, server.requests) == (Refused, Stage.MAIL, [])


def test_the_library_is_not_loaded_where_nobody_uses_it():
    code = (
        "import django, sys, os; os.environ['DJANGO_SETTINGS_MODULE'] = 'campaigns_project.settings.test';"
        "django.setup(); import campaigns.sending.work, campaigns.admin;"
        "import json; print(json.dumps(sorted({'anymail', 'dns'} & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert json.loads(done.stdout) == []
