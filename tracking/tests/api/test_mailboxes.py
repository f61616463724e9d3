"""Mailboxes and incoming mails over the API."""

import pytest

from campaigns.models import Mailbox, Sender
from campaigns.tests.factories import MailboxFactory, SenderFactory
from campaigns_project.tests.rest.clients import key_client
from tracking.models import EmailEvent, InboundMail
from tracking.tests.inbox.mails import OF_THE_HOUSE, reply

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(message):
    return key_client(organization=message.recipient.campaign.organization)


def hand_in(client, raw):
    return client.post("/api/v1/inbound-mails", raw, content_type="message/rfc822")


def test_a_password_is_taken_and_never_shown(client):
    body = {"name": "Ada", "host": "imap.example.com", "username": "ada", "password": " hunter2 "}

    made = client.post("/api/v1/mailboxes", body)

    assert (made.status_code, made.json()["has_password"], made.json()["folders"]) == (201, True, ["INBOX"])
    assert "hunter2" not in made.content.decode() + client.get("/api/v1/mailboxes").content.decode()
    assert Mailbox.objects.get(name="Ada").password == " hunter2 "


def test_a_password_goes_to_no_other_host_than_it_was_given_for(client):
    mailbox = Mailbox.objects.get()
    path = f"/api/v1/mailboxes/{mailbox.pk}"

    refused = client.patch(path, {"host": "imap.evil.example"})

    assert (refused.status_code, refused.json()["code"]) == (400, "secret_for_another_host")
    assert client.patch(path, {"host": "imap.new.example", "password": "anew"}).status_code == 200


@pytest.mark.parametrize("folders", [[], ["\x00"], ["x" * 300], [str(n) for n in range(11)], "INBOX", [{}]])
def test_folders_that_cannot_be_are_refused(folders, client):
    mailbox = Mailbox.objects.get()

    answer = client.patch(f"/api/v1/mailboxes/{mailbox.pk}", {"folders": folders})

    assert answer.status_code == 400
    assert Mailbox.objects.get().folders == ["INBOX"]


def test_a_mailbox_in_which_replies_arrive_is_not_deleted(client):
    path = f"/api/v1/mailboxes/{Mailbox.objects.get().pk}"

    refused = client.delete(path)
    Sender.objects.update(mailbox=None)

    assert (refused.status_code, refused.json()["code"]) == (409, "mailbox_in_use")
    assert client.delete(path).status_code == 204


def test_a_sender_takes_a_mailbox_of_its_organization_alone(client):
    sender = SenderFactory(organization=client.organization)
    own, other = MailboxFactory(organization=client.organization), MailboxFactory()
    path = f"/api/v1/senders/{sender.pk}"

    assert client.patch(path, {"mailbox": own.pk}).json()["mailbox"] == own.pk
    assert client.patch(path, {"mailbox": other.pk}).status_code == 400
    assert client.patch(path, {"mailbox": None}).json()["mailbox"] is None


def test_a_test_of_the_login_tells_what_is_there_or_what_the_server_says(client, server):
    Mailbox.objects.update(host="localhost", port=server.port, security="none")
    path = f"/api/v1/mailboxes/{Mailbox.objects.get().pk}/test"
    server.inbox.put(OF_THE_HOUSE)

    good = client.post(path).json()
    server.refuses_login = "[AUTHENTICATIONFAILED] no hunter2-of-ada here"
    bad = client.post(path).json()

    assert (good["ok"], good["mails"], good["folders"]) == (True, {"INBOX": 1}, ["INBOX"])
    assert (bad["ok"], bad["code"]) == (False, "auth")
    assert "no (hidden) here" in bad["message"]


def test_a_mail_that_is_handed_in_is_taken_once(client, message):
    first, second = (hand_in(client, reply(to=message.message_id)) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json() == client.get(first["Location"]).json()
    assert (first.json()["kind"], first.json()["text"], first.json()["lead"]) == (
        "reply",
        "Yes, please.",
        message.recipient.lead_id,
    )
    assert EmailEvent.objects.count() == 1


def test_a_mail_that_concerns_nobody_leaves_nothing(client):
    answer = hand_in(client, OF_THE_HOUSE)

    assert (answer.status_code, answer.json()) == (202, {"concerns_nobody": True})
    assert InboundMail.objects.count() == 0


@pytest.mark.parametrize(
    ("raw", "kind", "status"),
    [
        (b" ", "message/rfc822", 400),
        (b"x" * 1_000_001, "message/rfc822", 413),
        (b"{}", "application/json", 415),
        (bytes(range(256)), "message/rfc822", 202),
    ],
)
def test_what_is_no_mail_is_refused_or_concerns_nobody(raw, kind, status, client):
    answer = client.post("/api/v1/inbound-mails", raw, content_type=kind)

    assert (answer.status_code, InboundMail.objects.count()) == (status, 0)


def test_what_came_in_is_filtered(client, message):
    hand_in(client, reply(to=message.message_id))
    campaign = message.recipient.campaign_id
    counts = {
        query: len(client.get(f"/api/v1/inbound-mails?{query}").json()["results"])
        for query in (
            f"campaign={campaign}", f"campaign={campaign + 1}", "kind=reply", "kind=bounce,auto_reply",
            f"lead={message.recipient.lead_id}", f"recipient={message.recipient_id}", "status=quarantined",
        )
    }  # fmt: skip

    assert list(counts.values()) == [1, 0, 1, 0, 1, 1, 0]
