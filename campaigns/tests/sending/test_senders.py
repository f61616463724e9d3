"""Senders of every kind on real sockets: what a fault of theirs does to them, their mails and their campaign."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from campaigns.ledger import ledger
from campaigns.models import Campaign, CampaignSender, Message, Recipient, Sender
from campaigns.senders import resume_sender
from campaigns.sending.connections import Connections
from campaigns.sending.work import send_chunk, work
from campaigns.tests.delivery.conftest import certificate, server_tls  # noqa: F401
from campaigns.tests.delivery.fault_server import FaultServer, Say
from campaigns.tests.delivery.service_server import Says, ServiceServer
from campaigns.tests.factories import SenderFactory
from campaigns.tests.sending.sending import send_all, started_campaign
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.processes import free_port

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


def campaign_by(now, *, people=2, **sender):
    """A running campaign whose one sender is this one, once SANDBOX is off."""
    campaign = _started(now, people)
    Sender.objects.update(**({"host": "127.0.0.1", "security": "none"} | sender))
    return campaign


def _started(now, people):
    # Its senders are set up only after the start, which pre-flight would rightly refuse.
    with override_settings(SANDBOX=True):
        return started_campaign(people=people, now=now)


@pytest.fixture(autouse=True)
def _real_life(settings):
    settings.SANDBOX = False


def send(campaign):
    with Connections() as connections:
        return send_all(campaign, connections)


def by_service(server, esp="postmark"):
    keys = server.keys(esp) | {"api_url": server.keys(esp)["api_url"].replace("localhost", "127.0.0.1")}
    return {"kind": "esp", "esp": esp, "esp_settings": json.dumps(keys)}


def test_mails_of_an_smtp_sender_go_to_its_own_server(now):
    with FaultServer() as server:
        campaign = campaign_by(now, port=server.port)
        send(campaign)

    assert (ledger(campaign).sent, len(server.taken)) == (2, 2)


def test_mails_of_a_service_go_to_its_api_and_its_id_is_kept(now):
    with ServiceServer() as server:
        campaign = _started(now, 2)
        CampaignSender.objects.all().delete()
        CampaignSender.objects.create(campaign=campaign, sender=_service_sender(campaign, server))
        send(campaign)

    assert ledger(campaign).sent == 2
    assert {mail.headers["Message-ID"] for mail in server.mails} == set(
        Message.objects.values_list("message_id", flat=True)
    )
    assert "b7bc2f4a" in Message.objects.first().smtp_reply


def _service_sender(campaign, server):
    return SenderFactory(organization=campaign.organization, **by_service(server))


def test_mails_of_a_sandbox_sender_stay_here_even_where_the_sandbox_is_off(now, settings):
    with FaultServer() as mailbox, FaultServer() as elsewhere:
        settings.SANDBOX_SMTP_HOST, settings.SANDBOX_SMTP_PORT = "127.0.0.1", mailbox.port
        campaign = campaign_by(now, kind="sandbox", port=elsewhere.port)
        send(campaign)

    assert (len(mailbox.taken), elsewhere.connections) == (2, 0)


def test_with_the_sandbox_on_a_services_api_is_not_asked(now, settings):
    settings.SANDBOX = True
    with FaultServer() as mailbox, ServiceServer() as service:
        settings.SANDBOX_SMTP_HOST, settings.SANDBOX_SMTP_PORT = "127.0.0.1", mailbox.port
        campaign = started_campaign(people=1, now=now)
        sender = _service_sender(campaign, service)
        CampaignSender.objects.update(sender=sender)
        send(campaign)

    assert (len(mailbox.taken), service.requests) == (1, [])


def test_a_wrong_password_pauses_the_sender_and_its_campaign_and_both_say_so(now):
    with FaultServer(auth=Say("535 5.7.8 bad password")) as server:
        campaign = campaign_by(now, port=server.port, username="ada", password="wrong")
        send(campaign)

    sender = Sender.objects.get()
    assert (sender.status, sender.status_reason) == ("paused", "auth: 535 5.7.8 bad password")
    campaign.refresh_from_db()
    reason = f"{sender.email}: the login or key was refused: 535"
    assert (campaign.status, reason in campaign.status_error) == ("paused", True)
    assert set(Message.objects.values_list("status", flat=True)) == {"pending"}
    assert AuditLog.objects.filter(action="sender.paused").count() == 1
    assert server.taken == []


def test_one_recipient_whose_server_wants_nothing_of_the_sender_keeps_nobody_else_waiting(now):
    with FaultServer(rcpt=[Say("550 5.7.133 sender not authenticated for group")]) as server:
        campaign = campaign_by(now, people=3, port=server.port)
        send(campaign)
        assert (Sender.objects.get().status, server.taken) == ("paused", [])
        resume_sender(sender=Sender.objects.get(), actor=SYSTEM)
        server.script["rcpt"] = [Say("250 2.1.5 ok")] * 2 + [Say("550 5.7.133 sender not authenticated for group")]
        Campaign.objects.update(status="running", paused_at=None, status_message="", status_error="")
        send(campaign)

    assert (len(server.taken), ledger(campaign).waiting) == (2, 1)
    assert Sender.objects.get().status == "active"


def test_with_another_sender_left_the_campaign_goes_on_by_that_one(now):
    with FaultServer(auth=Say("535 no")) as bad, FaultServer() as good:
        campaign = campaign_by(now, people=4, port=bad.port, username="ada", password="wrong")
        other = SenderFactory(organization=campaign.organization, host="127.0.0.1", port=good.port, security="none")
        CampaignSender.objects.create(campaign=campaign, sender=other)
        send(campaign)

    campaign.refresh_from_db()
    assert (campaign.status, len(good.taken)) == ("running", 4)
    assert set(Recipient.objects.values_list("sender", flat=True)) == {other.pk}


def test_an_invalid_certificate_pauses_the_sender(now, server_tls, settings):  # noqa: F811
    settings.OUTBOUND_ALLOW_HOSTS = ["localhost"]
    with FaultServer(tls=server_tls, wrapped=True) as server:
        campaign = campaign_by(now, host="localhost", port=server.port, security="tls")
        send(campaign)

    sender = Sender.objects.get()
    assert (sender.status, sender.status_reason.startswith("certificate: ")) == ("paused", True)


def test_a_host_inside_our_networks_is_not_connected_to_and_pauses_the_sender(now, settings):
    settings.OUTBOUND_ALLOW_HOSTS = []
    with FaultServer() as server:
        campaign = campaign_by(now, port=server.port)
        send(campaign)

    sender = Sender.objects.get()
    assert (sender.status, sender.status_reason.split(":")[0], server.connections) == (
        "paused",
        "address_not_allowed",
        0,
    )


def test_a_server_that_is_away_is_left_alone_longer_each_time(now):
    campaign = campaign_by(now, people=1, port=free_port())
    waits = []

    for _ in range(9):
        before = timezone.now()
        send(campaign)
        waits.append(round((Sender.objects.get().backs_off_until - before) / timedelta(minutes=1)))
        Sender.objects.update(backs_off_until=before)
        Recipient.objects.update(next_send_at=before)

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert Sender.objects.values_list("status", "failed_tries").get() == ("active", 9)
    assert set(Message.objects.values_list("status", flat=True)) == {"pending"}


def test_once_it_works_the_waits_begin_anew(now):
    with FaultServer(greeting=[Say("421 later")]) as server:
        campaign = campaign_by(now, people=1, port=server.port)
        send(campaign)
        Sender.objects.update(backs_off_until=now)
        Recipient.objects.update(next_send_at=now)
        send(campaign)

    assert Sender.objects.values_list("failed_tries", "status_reason", "backs_off_until").get() == (0, "", None)
    assert ledger(campaign).sent == 1


def test_the_waits_do_not_grow_where_some_mails_were_taken_each_time(now):
    begun, refused = Say("220 test ready"), Say("421 4.7.0 too many connections")
    taken, farewell = Say("250 2.1.0 ok"), Say("421 4.7.0 enough for one connection", then_drop=True)
    with FaultServer(greeting=[begun, refused] * 3, mail=[taken, taken, farewell] * 3) as server:
        campaign = campaign_by(now, people=7, port=server.port)
        seen = []
        for _ in range(3):
            before = timezone.now()
            send(campaign)
            sender = Sender.objects.get()
            seen.append((len(server.taken), round((sender.backs_off_until - before) / timedelta(minutes=1))))
            Sender.objects.update(backs_off_until=before)
            Recipient.objects.exclude(next_send_at=None).update(next_send_at=before)
        send(campaign)

    assert seen == [(2, 1), (4, 1), (6, 1)]
    assert (ledger(campaign).sent, Sender.objects.get().failed_tries) == (7, 0)


def test_a_service_that_asks_for_a_pause_gets_it_to_the_second(now):
    with ServiceServer(Says(429, "", {"Retry-After": "37"})) as server:
        campaign = campaign_by(now, people=1, **by_service(server))
        send(campaign)

    wait = Recipient.objects.get().next_send_at - timezone.now()
    assert Message.objects.get().status == "deferred"
    assert timedelta(seconds=30) < wait <= timedelta(seconds=37)


ECHOED = [
    ("PLAIN", Say('500 5.5.1 Command unrecognized: "AUTH PLAIN AGFkYQBzM2NyM3QtcGFzcw=="')),
    ("PLAIN, cut off and in other case", Say("500 5.5.1 unrecognized: auth plain agfkyqbzm2nym3qt...")),
    ("the password itself", Say("535 5.7.8 no such pair ada / s3cr3t-pass")),
    ("no answer at all", Say("AUTH PLAIN AGFkYQBzM2NyM3QtcGFzcw==")),
]


@pytest.mark.parametrize("answer", [answer for _, answer in ECHOED], ids=[name for name, _ in ECHOED])
def test_what_a_server_repeats_of_the_password_is_kept_nowhere(now, answer):
    with FaultServer(auth=answer) as server:
        campaign = campaign_by(now, port=server.port, username="ada", password="s3cr3t-pass")
        send(campaign)

    campaign.refresh_from_db()
    sender, mail = Sender.objects.get(), Message.objects.first()
    kept = [sender.status_reason, campaign.status_error, mail.smtp_reply, *AuditLog.objects.values_list("reason")]
    assert "(hidden)" in sender.status_reason
    assert not any(secret in str(kept).lower() for secret in ("s3cr3t", "agfkyqbzm2nym3qt"))


def test_what_a_service_repeats_of_the_key_is_kept_nowhere(now):
    with ServiceServer(Says(401, {"Message": "The token good-key is not valid"})) as service:
        campaign = campaign_by(now, **by_service(service))
        send(campaign)

    assert "The token (hidden) is not valid" in Sender.objects.get().status_reason


def test_a_sender_whose_secret_cannot_be_read_is_paused_alone_and_says_so(now):
    with FaultServer() as server:
        campaign = campaign_by(now, port=server.port, people=4)
        broken = Sender.objects.get()
        good = SenderFactory(
            organization=campaign.organization, host="127.0.0.1", port=server.port, security="none", daily_limit=10
        )
        CampaignSender.objects.create(campaign=campaign, sender=good)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE senders SET password = 'of another key', username = 'x' WHERE id = %s", [broken.pk])

        work(lane=1)

        told = dict(Sender.objects.values_list("pk", "status_reason"))
        assert told[broken.pk].startswith("secret_unreadable: A stored secret cannot be decrypted")
        assert (told[good.pk], ledger(campaign).sent, len(server.taken)) == ("", 4, 4)


def test_a_sender_that_was_mended_is_used_as_it_is_now(now):
    with FaultServer() as server:
        campaign = campaign_by(now, kind="esp", esp="postmark", esp_settings="")
        with Connections() as connections:
            send_chunk(campaign, connections=connections)
            sender = Sender.objects.get()
            sender.kind, sender.port = "smtp", server.port
            sender.save()
            resume_sender(sender=sender, actor=SYSTEM)
            send_chunk(campaign, connections=connections)

        assert (len(server.taken), Sender.objects.get().status) == (2, "active")


def test_settings_of_a_service_that_cannot_be_used_pause_the_sender(now):
    campaign = campaign_by(now, kind="esp", esp="postmark", esp_settings="")

    send(campaign)

    assert Sender.objects.get().status_reason == "service_settings: Postmark needs server_token."
