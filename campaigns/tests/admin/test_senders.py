"""A sender's page: its way out by kind, what was found when it was looked at, and what must never be shown."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.models import Sender
from campaigns.tests.admin.test_settings import SENDER
from campaigns.tests.delivery.fault_server import FaultServer
from campaigns.tests.factories import SenderFactory
from campaigns_project.tests.admin.browsers import press

KEY = "k3y-of-the-service"
SERVICE = {**SENDER, "kind": "esp", "esp": "postmark", "esp_settings": json.dumps({"server_token": KEY})}


def page(sender: Sender) -> str:
    return reverse("admin:campaigns_sender_change", args=[sender.pk])


@pytest.fixture
def sender(campaign: Any) -> Sender:
    return SenderFactory(organization=campaign.organization, email="petr@example.com")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("not json", "not a JSON object"),
        ("{}", "Postmark needs server_token."),
        ('{"server_token": "x", "secret": "s3"}', "has no setting"),
        ('{"server_token": "x", "api_url": "http://127.0.0.1.example/"}', "in the clear"),
        ('{"server_token": "x", "api_url": "gopher://x"}', "api_url is not an address"),
        ('{"server_token": "x\\ny"}', "cannot stand in a request"),
    ],
)
def test_settings_that_no_service_would_take_are_refused_beside_the_field(
    manager: Client, sender: Sender, settings: str, words: str
) -> None:
    answer = manager.post(page(sender), {**SERVICE, "esp_settings": settings})

    assert (answer.status_code, words in answer.content.decode()) == (200, True)
    assert Sender.objects.get(pk=sender.pk).kind == "smtp"


@pytest.mark.parametrize(
    ("field", "address", "words"),
    [
        ("email", f"ada@{'a' * 60}.{'b' * 60}.{'c' * 60}.example", "longer than 180 characters"),
        ("email", "ada@☃.example", "is not an address mail can be sent to"),
        ("reply_to", "ada@☃.example", "is not an address mail can be sent to"),
    ],
)
def test_an_address_that_no_mail_can_carry_is_refused_beside_the_field(
    manager: Client, sender: Sender, field: str, address: str, words: str
) -> None:
    answer = manager.post(page(sender), {**SENDER, field: address})

    sender.refresh_from_db()
    assert words in " ".join(answer.context["adminform"].form.errors[field])
    assert getattr(sender, field) != address


def test_checking_shows_what_was_found(manager: Client, sender: Sender, settings: Any) -> None:
    with FaultServer() as mailbox:
        settings.SANDBOX_SMTP_HOST, settings.SANDBOX_SMTP_PORT = "127.0.0.1", mailbox.port
        press(manager, reverse("admin:campaigns_sender_check_now", args=[sender.pk]))

    shown = manager.get(page(sender)).content.decode()
    assert "It could hand over a mail to the local mailbox now." in shown
    assert "Skipped: its mails reach the local mailbox" in shown


def test_what_a_server_said_is_text_and_no_markup(manager: Client, sender: Sender) -> None:
    finding = dict.fromkeys(("message", "expected", "found", "hint"), "<script>alert(1)</script>")
    health = {"status": "fail", "checks": [{"code": "login", "status": "fail", "is_down": False, **finding}]}
    Sender.objects.update(health=health, status_reason="<script>alert(1)</script>")

    shown = manager.get(page(sender)).content.decode()

    assert "<script>alert" not in shown


def test_the_share_that_bounced_is_told(manager: Client, sender: Sender) -> None:
    assert "No mail in the last 7 days" in manager.get(page(sender)).content.decode()


def test_whoever_may_only_read_sees_no_field_for_secrets(operator: Client, sender: Sender) -> None:
    shown = operator.get(page(sender)).content.decode()

    assert ('name="password"' in shown, 'name="esp_settings"' in shown, "check_now" in shown) == (False, False, False)
