"""docs/faults.md, rows 1 to 8 and 24: what a mail server does to a mail, by the whole engine over a real socket."""

import socket
from datetime import timedelta
from functools import partial

import pytest

from campaigns.ledger import ledger
from campaigns.models import Campaign, Message, Recipient, Sender, SenderSecurity
from campaigns.senders import resume_sender
from campaigns.sending import work
from campaigns.sending.connections import Connections
from campaigns.sending.deliver import MOST_REFUSED
from campaigns.sending.settle import MOST_AT_MAIL
from campaigns.tests.delivery.fault_server import FEATURES, Deaf, Dribble, Drop, FaultServer, Say, Silence
from campaigns.tests.faults.engine import (
    campaign_status,
    message,
    message_ids,
    pass_time,
    recipient,
    send,
    sender,
    statuses,
    suppressed,
    taken_once,
    wait_of_the_one,
    wait_until_due,
)
from campaigns.tests.sending.sending import started_campaign
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from leads.models import Lead

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
FOUR_DAYS = timedelta(days=4)


@pytest.fixture
def hasty(monkeypatch):
    """A conversation is given up after half a second instead of two minutes."""
    monkeypatch.setattr(work, "Connections", partial(Connections, connect_seconds=0.5, transaction_seconds=0.5))


@pytest.fixture
def own_server(settings):
    """Gives the one sender a server of its own, in the place of the sandbox."""

    def given(port, **account):
        settings.SANDBOX = False
        settings.OUTBOUND_ALLOW_HOSTS = ["127.0.0.1", "localhost"]
        values = {"host": "127.0.0.1", "port": port, "security": SenderSecurity.NONE, **account}
        Sender.objects.update(**values)

    return given


# Row 1: nothing could be opened.

CLOSED = [
    {"greeting": Drop()},
    {"greeting": Say("421 4.3.2 too busy")},
    {"greeting": Silence()},
    {"greeting": Dribble("220 " + "x" * 1000)},
    {"ehlo": Drop()},
]


@pytest.mark.parametrize("script", CLOSED, ids=["dropped", "421", "silence", "dribble", "dropped at ehlo"])
def test_row_01_a_server_that_cannot_be_reached_is_left_alone_and_tried_again(now, facing, hasty, script):
    campaign = started_campaign(people=2, now=now)
    with facing(**script) as closed:
        send()
        send()

    assert closed.connections == 1  # the second turn left it alone
    assert set(Message.objects.values_list("status", flat=True)) == {"pending"}
    assert (sender()[0], campaign_status(), Sender.objects.get().backs_off_until > now) == ("active", "running", True)

    pass_time(MINUTE * 2)
    with facing() as healthy:
        send()

    assert (ledger(campaign).sent, len(healthy.taken), sender()) == (2, 2, ("active", ""))


@pytest.mark.parametrize("host", ["nobody.invalid", "127.0.0.1"], ids=["dns", "connection refused"])
def test_row_01_no_name_or_no_listener(now, own_server, host):
    started_campaign(people=1, now=now)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    own_server(port, host=host)

    send()

    reason = "host_unknown" if host.endswith("invalid") else "connect"
    assert (message(), sender(), campaign_status()) == (("pending", ""), ("active", reason), "running")
    assert Recipient.objects.get().status == "pending"


def test_row_01_a_tls_handshake_that_fails(now, own_server):
    started_campaign(people=1, now=now)
    with FaultServer(greeting=Say("this is not TLS at all")) as server:
        own_server(server.port, security=SenderSecurity.TLS)

        send()

    assert (message(), sender(), campaign_status()) == (("pending", ""), ("active", "tls"), "running")


# Row 2: a fault somebody has to mend.


def test_row_02_a_refused_login_pauses_the_sender_with_the_reason(now, own_server):
    started_campaign(people=2, now=now)
    with FaultServer(auth=Say("535 5.7.8 wrong password")) as server:
        own_server(server.port, username="ada", password="not-hers")

        send()
        pass_time(FOUR_DAYS)
        send()

    assert server.connections == 1
    assert set(Message.objects.values_list("status", flat=True)) == {"pending"}
    assert Sender.objects.values_list("status", "status_reason").get() == ("paused", "auth: 535 5.7.8 wrong password")
    assert campaign_status() == "paused"
    assert AuditLog.objects.filter(action="sender.paused").count() == 1


def test_row_02_an_invalid_certificate_pauses_the_sender(now, own_server, server_tls):
    started_campaign(people=1, now=now)
    with FaultServer(tls=server_tls, features=f"STARTTLS,{FEATURES}") as server:
        own_server(server.port, host="localhost", security=SenderSecurity.STARTTLS)

        send()

    assert (message(), sender(), campaign_status()) == (("pending", ""), ("paused", "certificate"), "paused")


# Row 3: refused for now.


@pytest.mark.parametrize(
    "script",
    [
        {"mail": Say("451 4.3.0 try later")},
        {"rcpt": Say("450 4.2.0 greylisted")},
        {"rcpt": Say("451 4.7.1 greylisted")},
        {"data": Say("452 4.3.1 no room")},
    ],
    ids=["mail", "rcpt 450", "rcpt 451", "data"],
)
def test_row_03_a_4xx_defers_for_five_minutes_at_least(now, facing, script):
    started_campaign(people=1, now=now)
    with facing(**script) as server:
        send()
        send()

    assert server.verbs().count("MAIL") == 1
    assert (message(), recipient()) == (("deferred", "deferred"), ("pending", ""))
    assert wait_of_the_one() > 5 * MINUTE - timedelta(seconds=5)


def test_row_03_it_is_tried_again_after_growing_waits_for_four_days_under_the_same_message_id(now, facing):
    started_campaign(people=1, now=now)
    waits = []
    with facing(dot=Say("451 4.7.1 greylisted")) as server:
        send()
        while message()[0] == "deferred":
            waits.append(wait_until_due())
            send()

    assert (message(), recipient()) == (("failed", "deferred_too_long"), ("failed", "failed"))
    assert waits[0] > 5 * MINUTE - timedelta(seconds=5)
    rounded = [round(wait / MINUTE) for wait in waits]
    assert rounded[:5] == [5, 10, 20, 40, 80]
    assert max(rounded) == 240
    assert FOUR_DAYS - timedelta(hours=5) < sum(waits[:-1], timedelta()) <= FOUR_DAYS
    assert len(server.mails) == len(waits) + 1
    assert len(set(message_ids(server.mails))) == 1
    assert suppressed() == []


def test_row_03_a_greylisted_mail_arrives_on_the_second_try(now, facing):
    campaign = started_campaign(people=1, now=now)
    with facing(rcpt=[Say("450 4.2.0 greylisted")]) as server:
        send()
        wait_until_due()
        send()

    assert (ledger(campaign).sent, len(server.taken), recipient()) == (1, 1, ("completed", "completed"))


@pytest.mark.parametrize("features", [FEATURES, f"PIPELINING,{FEATURES}"], ids=["one by one", "pipelined"])
@pytest.mark.parametrize(
    "script",
    [
        {"mail": Say("450 4.7.1 Error: too much mail from 192.0.2.1")},
        {"mail": Say("421 4.3.2 too busy", then_drop=True)},
        {"rcpt": Say("450 4.7.1 Error: too many recipients from 192.0.2.1")},
        {"data": Say("421 4.3.2 come back later", then_drop=True)},
        {"dot": Say("451 4.7.500 Server busy")},
    ],
    ids=["mail", "mail 421", "rcpt", "data", "dot"],
)
def test_row_03_a_server_that_takes_no_more_of_anybodys_is_left_alone_and_not_asked_for_all_the_others(
    now, facing, script, features
):
    campaign = started_campaign(people=30, now=now)
    with facing(features=features, **script) as server:
        send()
        send()

    assert server.connections <= 3  # and not one for each
    assert (statuses()["deferred"], ledger(campaign).waiting) == (3, 30)
    assert (sender(), campaign_status()) == (("active", "asked_to_wait"), "running")

    pass_time(MINUTE * 2)
    with facing(features=features) as healthy:
        send()

    assert (taken_once(healthy), ledger(campaign).waiting, sender()) == (27, 3, ("active", ""))


def test_row_03_a_server_that_greylists_everybody_is_asked_for_each_of_them(now, facing):
    campaign = started_campaign(people=9, now=now)
    with facing(rcpt=Say("450 4.2.0 Greylisted, see http://postgrey.example/help")):
        send()

    assert (statuses(), ledger(campaign).waiting, sender()) == ({"deferred": 9}, 9, ("active", ""))


# Row 4: 5xx to RCPT, by class.


@pytest.mark.parametrize("code", ["5.1.1", "5.1.2", "5.1.6", "5.1.10"])
def test_row_04_a_dead_address_fails_and_is_suppressed(now, facing, code):
    started_campaign(people=1, now=now)
    with facing(rcpt=Say(f"550 {code} no such user")) as server:
        send()
        pass_time(FOUR_DAYS)
        send()

    assert server.verbs().count("RCPT") == 1
    assert (message(), recipient()) == (("failed", "address_dead"), ("bounced", "hard_bounce"))
    assert suppressed() == ["hard_bounce"]


def test_row_04_a_full_mailbox_fails_and_is_not_suppressed(now, facing):
    started_campaign(people=1, now=now)
    with facing(rcpt=Say("552 5.2.2 mailbox full")) as server:
        send()
        pass_time(FOUR_DAYS)
        send()

    assert server.verbs().count("RCPT") == 1
    assert (message(), recipient()) == (("failed", "mailbox_full"), ("failed", "failed"))
    assert (suppressed(), sender()) == ([], ("active", ""))


def test_row_04_the_senders_own_fault_keeps_the_mails_and_pauses_the_sender(now, facing):
    campaign = started_campaign(people=3, now=now)
    with facing(rcpt=Say("550 5.7.1 blocked by policy")) as server:
        send()
        pass_time(FOUR_DAYS)
        send()

    assert server.verbs().count("RCPT") == 1
    assert (ledger(campaign).waiting, set(Recipient.objects.values_list("status", flat=True))) == (3, {"pending"})
    assert (sender(), suppressed(), campaign_status()) == (("paused", "refused_by_policy"), [], "paused")


@pytest.mark.parametrize(
    "answer",
    [
        "550 Domain of sender address does not exist",
        "550 Your account is suspended",
        "550 5.4.5 Daily sending quota exceeded",
    ],
    ids=["sender's domain", "account", "quota"],
)
def test_row_04_what_is_said_of_the_sender_in_the_words_for_a_dead_or_full_address_is_not_laid_at_the_recipients_door(
    now, facing, answer
):
    campaign = started_campaign(people=3, now=now)
    with facing(rcpt=Say(answer)) as server:
        send()
        pass_time(FOUR_DAYS)
        send()

    assert server.verbs().count("RCPT") == 1
    assert (ledger(campaign).waiting, suppressed()) == (3, [])
    assert sender() == ("paused", "refused_by_policy")


@pytest.mark.parametrize("answer", ["550 Mailbox temporarily unavailable", "550 4.2.1 mailbox unavailable"])
def test_row_04_who_is_refused_for_good_by_the_code_and_for_now_by_the_words_is_not_suppressed(now, facing, answer):
    started_campaign(people=1, now=now)
    with facing(rcpt=Say(answer)):
        send()

    assert (message(), recipient(), suppressed()) == (("failed", "other"), ("failed", "failed"), [])


# Row 5: 5xx to anything else is about the mail.


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ({"mail": Say("550 5.7.1 sender rejected by policy")}, "policy"),
        ({"data": Say("554 5.6.0 not this content")}, "content"),
        ({"dot": Say("554 5.7.1 looks like spam")}, "policy"),
        ({"dot": Say("552 5.3.4 message too big")}, "content"),
        ({"dot": Say("550 5.1.1 no such user")}, "content"),
    ],
    ids=["mail", "data", "spam", "too big", "5.1.1 after the dot"],
)
def test_row_05_a_5xx_to_anything_but_rcpt_fails_the_mail_and_never_suppresses(now, facing, script, reason):
    started_campaign(people=1, now=now)
    with facing(**script) as server:
        send()
        pass_time(FOUR_DAYS)
        send()

    assert server.verbs().count("MAIL") == 1
    assert (message(), recipient()) == (("failed", reason), ("failed", "failed"))
    assert suppressed() == []


NOT_FROM_YOU = ["550 5.7.60 not allowed to send as <ada@example.com>", "501 5.1.8 bad sender", "550 account suspended"]


def test_row_05_of_an_account_that_may_not_send_three_mails_fail_and_a_person_has_to_look(now, facing):
    campaign = started_campaign(people=60, now=now)
    with facing(mail=[Say(text) for text in NOT_FROM_YOU * 20]) as server:
        send()
        pass_time(FOUR_DAYS)
        send()

    assert (statuses()["failed"], ledger(campaign).waiting, suppressed()) == (MOST_AT_MAIL, 60 - MOST_AT_MAIL, [])
    assert (sender(), campaign_status()) == (("paused", "refused_at_mail"), "paused")
    assert "takes nothing from its account or address: 550 account suspended" in Campaign.objects.get().status_error
    assert server.connections == 1


def test_row_05_refusals_before_the_recipient_is_named_are_counted_however_few_a_turn_has(now, facing):
    """Until a mail gets further; one that is too big says nothing either way."""
    started_campaign(people=9, now=now)
    later = Recipient.objects.order_by("pk").values_list("pk", flat=True)[5:]
    Recipient.objects.filter(pk__in=list(later)).update(next_send_at=now + FOUR_DAYS)
    no, big, yes = Say(NOT_FROM_YOU[0]), Say("552 5.3.4 message too big"), Say("250 2.1.0 ok")
    with facing(mail=[no, no, yes, no, no, big, no, no, no]):
        send()
        assert (Sender.objects.get().refused_at_mail, sender()) == (2, ("active", ""))
        pass_time(FOUR_DAYS)
        send()

    assert statuses() == {"failed": 6, "sent": 1, "pending": 2}
    assert sender() == ("paused", "refused_at_mail")

    resume_sender(sender=Sender.objects.get(), actor=SYSTEM)
    assert Sender.objects.get().refused_at_mail == 0


def test_row_05_mails_that_are_refused_all_of_a_sudden_are_noticed_before_a_large_slice_has_failed(now, facing):
    campaign = started_campaign(people=600, now=now)
    with facing(dot=[*[Say("250 2.0.0 queued")] * 200, *[Say("554 5.7.1 looks like spam")] * 400]):
        send()
        send()  # a stream whose mails all go back as the guard acts ends its turn: the next one pauses the campaign

    assert (sender(), campaign_status()) == (("paused", "bounce_guard"), "paused")
    assert statuses()["failed"] <= campaign.campaign_senders.get().sender.guard_percent * 200 / 100 + MOST_REFUSED


# Row 6: put off after the dot.


@pytest.mark.parametrize("answer", ["451 4.3.0 try later", "421 4.3.2 shutting down"])
def test_row_06_a_4xx_after_the_dot_defers(now, facing, answer):
    campaign = started_campaign(people=1, now=now)
    with facing(dot=[Say(answer)]) as server:
        send()
        assert (message(), recipient()) == (("deferred", "deferred"), ("pending", ""))
        assert wait_until_due() > 5 * MINUTE - timedelta(seconds=5)
        send()

    assert (ledger(campaign).sent, len(server.mails), len(server.taken)) == (1, 2, 1)
    assert len(set(message_ids(server.mails))) == 1


# Row 7: broke off before the last byte.


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_row_07_a_line_dropped_before_the_last_byte_leaves_the_mail_waiting(now, facing, stage):
    campaign = started_campaign(people=1, now=now)
    with facing(**{stage: [Drop()]}) as server:
        send()
        assert (message()[0], recipient()) == ("pending", ("pending", ""))
        assert server.mails == []
        wait_until_due()
        send()

    assert (ledger(campaign).sent, len(server.taken)) == (1, 1)


@pytest.mark.parametrize(
    ("stage", "features"),
    [("mail", FEATURES), ("data", FEATURES), ("mail", f"PIPELINING,{FEATURES}")],
    ids=["mail", "data", "pipelined"],
)
def test_row_07_a_server_that_hangs_up_on_one_mail_after_the_other_is_left_alone(now, facing, stage, features):
    campaign = started_campaign(people=30, now=now)
    with facing(features=features, **{stage: Drop()}) as server:
        send()
        send()

    assert (server.connections, ledger(campaign).waiting) == (3, 30)
    assert (sender(), campaign_status()) == (("active", "broken_off"), "running")

    pass_time(MINUTE * 2)
    with facing(features=features) as healthy:
        send()

    assert (taken_once(healthy), ledger(campaign).waiting, sender()) == (30, 0, ("active", ""))


def test_row_07_a_server_that_hangs_up_now_and_then_is_not_left_alone(now, facing):
    campaign = started_campaign(people=9, now=now)
    good = Say("250 2.1.0 ok")
    with facing(mail=[Drop(), Drop(), good, Drop(), Drop(), good, good, good, good]) as server:
        send()

    assert (taken_once(server), ledger(campaign).waiting, sender()) == (6, 3, ("active", ""))


# Row 8: nobody can know.


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Drop(), "dropped"),
        (Silence(), "timeout"),
        (Dribble("250 " + "x" * 1000), "timeout"),
        (Say("hello"), "garbage"),
        (Say("250 " + "x" * 70_000), "garbage"),
        (Say("199 what"), "garbage"),
        (Say("600 what"), "garbage"),
    ],
    ids=["dropped", "silence", "dribble", "garbage", "overlong", "199", "600"],
)
def test_row_08_a_line_broken_after_the_last_byte_leaves_it_uncertain_for_good(now, facing, hasty, fault, reason):
    campaign = started_campaign(people=1, steps=2, now=now)
    with facing(dot=[fault]) as server:
        send()
        pass_time(FOUR_DAYS)
        send()

    assert len(server.mails) == 1
    assert (message(), recipient()) == (("uncertain", reason), ("paused", ""))
    assert (ledger(campaign).uncertain, ledger(campaign).waiting, campaign_status()) == (1, 1, "running")


@pytest.mark.parametrize("features", [FEATURES, f"PIPELINING,{FEATURES}"], ids=["one by one", "pipelined"])
def test_row_08_a_server_that_leaves_one_mail_after_the_other_in_doubt_is_left_alone(now, facing, features):
    campaign = started_campaign(people=30, now=now)
    with facing(dot=Drop(), features=features) as server:
        send()
        send()

    assert (len(server.mails), ledger(campaign).uncertain, ledger(campaign).waiting) == (3, 3, 27)
    assert (sender(), campaign_status()) == (("active", "unanswered"), "running")
    assert Sender.objects.get().status_reason.endswith("; the last may or may not have arrived (dropped)")

    pass_time(MINUTE * 2)
    with facing() as healthy:
        send()

    assert (len(healthy.taken), ledger(campaign).sent, sender()) == (27, 27, ("active", ""))


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ({"dot": Drop()}, "unanswered"),
        ({"mail": Drop()}, "broken_off"),
        ({"mail": Say("450 4.7.1 Error: too much mail from 192.0.2.1")}, "asked_to_wait"),
        ({"mail": [None, Drop(), None, Drop()], "dot": Drop()}, "unanswered"),
    ],
    ids=["in doubt", "broken off", "put off", "now this and now that"],
)
def test_row_08_mails_in_a_row_are_counted_however_few_a_turn_has(now, facing, script, reason):
    """Behind a gap, or at a server that takes its time for each, a turn has one or two mails."""
    campaign = started_campaign(people=6, now=now)
    everybody = list(Recipient.objects.values_list("pk", flat=True))
    Recipient.objects.update(next_send_at=now + FOUR_DAYS)
    with facing(**script) as server:
        for pk in everybody:
            Recipient.objects.filter(pk=pk).update(next_send_at=now)
            send()

    assert (server.verbs().count("MAIL"), sender()) == (3, ("active", reason))

    pass_time(MINUTE * 2)
    with facing():
        send()

    assert (ledger(campaign).sent > 2, Sender.objects.get().in_vain, sender()) == (True, 0, ("active", ""))


def test_row_08_a_server_that_never_answers_keeps_no_other_campaign_waiting_for_ever(
    now, own_server, hasty, monkeypatch
):
    """Each of its mails takes all the time that a turn has, and its campaign comes first in each."""
    monkeypatch.setattr("campaigns.sending.deliver.RENEW_AFTER", 0.2)
    silent, other = (started_campaign(people=people, now=now, priority=people) for people in (6, 2))
    with FaultServer(dot=Silence()) as server, FaultServer() as healthy:
        own_server(server.port)
        Sender.objects.filter(organization=other.organization).update(host="127.0.0.1", port=healthy.port)
        for _ in range(5):
            work.work(lane=1, turn=timedelta(seconds=0.4))

    assert (ledger(silent).uncertain, len(healthy.taken), ledger(other).sent) == (3, 2, 2)


def test_row_07_a_server_that_loses_what_is_pipelined_gets_its_mails_one_command_at_a_time(now, facing, hasty):
    campaign = started_campaign(people=1, now=now)
    with facing(features=f"PIPELINING,{FEATURES}", mail=Deaf()) as server:
        send()
        wait_until_due()
        send()

    assert (len(server.taken), ledger(campaign).sent, sender()) == (1, 1, ("active", ""))


def test_row_07_one_mail_that_its_server_hangs_up_on_again_and_again_keeps_no_other_waiting(now, facing):
    started_campaign(people=1, now=now)
    with facing(mail=Drop()):
        for _ in range(5):
            send()
            wait_until_due()

    assert (Message.objects.get().attempts, sender()) == (5, ("active", ""))


def test_row_08_single_mails_in_doubt_stop_no_sender(now, facing):
    campaign = started_campaign(people=9, now=now)
    well = Say("250 2.0.0 queued")
    with facing(dot=[Drop(), Drop(), well] * 3):
        send()

    assert (ledger(campaign).uncertain, ledger(campaign).sent, sender()) == (6, 3, ("active", ""))


# Row 24: an address that cannot be written to.


@pytest.mark.parametrize("address", ["a b@example.com", '"a b"@example.com', "a..b@example.com"])
def test_row_24_an_address_that_cannot_be_written_to_fails_and_nothing_is_opened_for_it(now, facing, address):
    started_campaign(people=1, now=now)
    Lead.objects.update(email=address, email_normalized=address)
    Recipient.objects.update(email_address=address)
    with facing() as server:
        send()

    assert (server.connections, message(), recipient()[0]) == (0, ("failed", "invalid_address"), "failed")
