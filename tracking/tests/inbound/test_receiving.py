"""At the door: who is believed, what is stored, and what everybody else is answered."""

import logging
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from campaigns.delivery.hooks import check_hook
from campaigns.hearing import how_to_set_up, renew_webhook_address, sender_addressed, webhook_address
from campaigns.models import Sender
from campaigns.tests.factories import SenderFactory
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.errors import Refused
from tracking.inbound import refusals
from tracking.inbound.old import remove_old_webhooks
from tracking.inbound.refusals import MOST
from tracking.models import EmailEvent, InboundWebhook
from tracking.tests.inbound.services import (
    PASSWORD,
    SECRETS,
    complaint,
    hard_bounce,
    headers_of,
    login,
    mail_of,
    path_of,
    post,
    sender_of,
    settle_all,
    written,
)

pytestmark = pytest.mark.django_db
DAY = 86_400


@pytest.mark.parametrize(
    ("service", "ago", "answer"),
    [
        *((service, -3_600, 403) for service in ("mailgun", "sendgrid", "resend")),
        *((service, 8 * DAY, 403) for service in ("mailgun", "sendgrid", "resend")),
        *((service, 2 * DAY, 200) for service in ("mailgun", "sendgrid")),  # sent again, signed as the first time
        ("resend", 3_600, 403),  # signed anew each time
    ],
)
def test_what_was_signed_in_the_future_or_long_ago_is_refused(client, service, ago, answer):
    sender = sender_of(service)

    told = post(client, sender, hard_bounce(service, mail_of(sender)), at=time.time() - ago)

    assert (told.status_code, InboundWebhook.objects.count()) == (answer, int(answer == 200))


@pytest.mark.parametrize("stamp", ["", "soon", "9" * 400, "nan", "-1e99"])
def test_a_time_that_is_none_is_refused(client, stamp):
    sender = sender_of("resend")
    body = written("resend", hard_bounce("resend", mail_of(sender)))
    signed = headers_of("resend", body, sender=sender)

    answer = client.post(
        path_of(sender), body, content_type="application/json", headers={**signed, "svix-timestamp": stamp}
    )

    assert (answer.status_code, InboundWebhook.objects.count()) == (401, 0)


def test_a_recorded_report_that_is_sent_again_changes_nothing_even_when_its_event_is_gone(client):
    sender = sender_of("postmark")
    content = complaint(mail_of(sender))
    post(client, sender, content)
    settle_all()
    EmailEvent.objects.all().delete()

    again = post(client, sender, content)
    settle_all()

    assert (again.status_code, EmailEvent.objects.count()) == (200, 0)


def test_another_organizations_secret_opens_only_its_own_address(client):
    ours, theirs = sender_of("mailgun"), sender_of("mailgun", webhook_secret="key-of-theirs")
    message = mail_of(ours)

    forged = post(client, ours, hard_bounce("mailgun", message), secret="key-of-theirs")
    own = post(client, theirs, hard_bounce("mailgun", message), secret="key-of-theirs")
    settle_all()

    assert (forged.status_code, own.status_code) == (401, 200)
    assert not EmailEvent.objects.exists()
    row = InboundWebhook.objects.get()
    assert (row.organization, row.reason) == (theirs.organization, "unknown_message")


def test_every_changed_byte_of_an_address_is_unknown(client):
    sender = sender_of("postmark")
    path = path_of(sender)
    token = path.rpartition("/")[2]

    assert sender_addressed(token) == sender
    for place in range(len(token)):
        other = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert sender_addressed(other) is None
    assert client.post(path[:-1], b"{}", content_type="application/json", headers=login()).status_code == 404


def test_a_renewed_address_closes_the_one_before(client):
    sender = sender_of("postmark")
    before = path_of(sender)

    renewed = renew_webhook_address(sender=sender, actor=SYSTEM)

    assert client.post(before, b"{}", content_type="application/json", headers=login()).status_code == 404
    assert post(client, renewed, complaint(mail_of(sender))).status_code == 200


@pytest.mark.parametrize("method", ["get", "head"])
def test_reading_the_address_changes_nothing_and_tells_nothing(client, method):
    answers = [getattr(client, method)(path) for path in (path_of(sender_of("postmark")), "/hooks/esp/nobodys")]

    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
    assert not InboundWebhook.objects.exists()
    assert Client().put(path_of(sender_of("brevo"))).status_code == 405


def test_too_much_at_once_is_refused(client, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    sender = sender_of("postmark")

    answer = post(client, sender, b'{"Description": "%s"}' % (b"a" * 1_000))

    assert (answer.status_code, InboundWebhook.objects.count()) == (413, 0)


def test_whoever_sends_rubbish_is_soon_told_to_wait_and_nobody_else_is(client, monkeypatch):
    monkeypatch.setattr(refusals, "time", lambda: 1_800_000_010.0)  # or a new minute might begin between two of them
    sender, other = sender_of("postmark"), sender_of("postmark")
    wrong = {"content_type": "application/json", "headers": login("wrong")}

    answers = [client.post(path_of(sender), b"{}", **wrong) for _ in range(MOST + 1)]

    assert [answer.status_code for answer in answers] == [403] * MOST + [429]
    assert answers[-1]["Retry-After"] == "50"
    assert post(client, other, complaint(mail_of(other))).status_code == 200


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"7", b"\xff\xfe\x00", b"[" * 50_000, b'{"signature": null}'])
@pytest.mark.parametrize("service", ["mailgun", "amazon_ses", "sendgrid", "postmark"])
def test_a_body_of_any_shape_is_refused_or_put_aside_and_never_a_fault(client, service, body):
    sender = sender_of(service)
    signed = {} if service in {"mailgun", "amazon_ses"} else headers_of(service, body, sender=sender)

    answer = client.post(path_of(sender), body, content_type="application/json", headers={**login(), **signed})
    settle_all()

    assert answer.status_code in ({401, 403} if service in {"mailgun", "amazon_ses"} else {200})
    assert not InboundWebhook.objects.filter(status="waiting").exists()
    assert not EmailEvent.objects.exists()


def test_no_secret_or_token_is_in_a_log_or_an_answer(client, caplog):
    caplog.set_level(logging.DEBUG)
    sender = sender_of("mailgun")
    token = path_of(sender).rpartition("/")[2]

    answers = [
        post(client, sender, hard_bounce("mailgun", mail_of(sender)), secret="another"),
        post(client, sender, hard_bounce("mailgun", mail_of(sender))),
        client.post(f"/hooks/esp/{token}x", b"{}", content_type="application/json"),
    ]

    told = caplog.text + "".join(answer.content.decode() for answer in answers)
    assert "a webhook was not authentic" in told
    assert token not in told
    assert SECRETS["mailgun"] not in told


@pytest.mark.django_db(transaction=True)
def test_while_the_database_takes_nothing_the_service_is_told_to_come_again(client, caplog):
    sender = sender_of("postmark")
    content = complaint(mail_of(sender))
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    try:
        answer = post(client, sender, content)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")

    assert (answer.status_code, answer["Retry-After"]) == (503, "120")
    assert path_of(sender).rpartition("/")[2] not in caplog.text
    assert post(client, sender, content).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_all_stored_once():
    sender = sender_of("postmark")
    contents = [complaint(mail_of(sender, f"p{number}@example.org"), number=number) for number in range(5)]
    answers = []

    def report():
        try:
            answers.extend(post(Client(), sender, content).status_code for content in contents)
        finally:
            connection.close()

    threads = [threading.Thread(target=report) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert (answers, InboundWebhook.objects.count()) == ([200] * 20, 5)
    settle_all()
    assert EmailEvent.objects.count() == 5


def test_a_sender_without_a_service_has_no_address(client):
    plain = SenderFactory(webhook_secret=PASSWORD)

    assert (webhook_address(plain), how_to_set_up(plain)) == ("", "")
    with pytest.raises(Refused, match="No e-mail service reports"):
        renew_webhook_address(sender=plain, actor=SYSTEM)


@pytest.mark.parametrize(
    ("service", "secret"),
    [("postmark", "tiny"), ("sendgrid", "no key"), ("postal", "AAAA"), ("resend", "whsec_?"), ("mailgun", "kéy")],
)
def test_a_secret_that_can_prove_nothing_is_refused(service, secret):
    with pytest.raises(Refused) as refused:
        check_hook(service, secret)

    assert (refused.value.code, refused.value.details["field"]) == ("webhook_secret_unusable", "webhook_secret")
    assert secret not in str(refused.value)


@pytest.mark.parametrize("wrapped", ["{}", "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n"])
def test_a_public_key_is_taken_however_it_was_copied(client, wrapped):
    sender = sender_of("sendgrid", webhook_secret=wrapped.format(SECRETS["sendgrid"]))
    check_hook("sendgrid", sender.webhook_secret)

    assert post(client, sender, hard_bounce("sendgrid", mail_of(sender))).status_code == 200


def test_reports_are_forgotten_after_thirty_days(client):
    sender = sender_of("postmark")
    post(client, sender, complaint(mail_of(sender)))

    assert remove_old_webhooks(now=timezone.now() + timedelta(days=29)) == 0
    assert remove_old_webhooks(now=timezone.now() + timedelta(days=31)) == 1
    assert Sender.objects.count() == 1
