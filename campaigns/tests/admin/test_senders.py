"""A sender's page: its way out by kind, what was found when it was looked at, and what must never be shown."""

import json
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.admin.sender_today import limits_said
from campaigns.models import Campaign, Message, Sender
from campaigns.scheduling.clock import day_start
from campaigns.tests.admin.test_settings import SENDER
from campaigns.tests.delivery.fault_server import FaultServer
from campaigns.tests.factories import (
    NOON,
    CampaignSenderFactory,
    MessageFactory,
    RecipientFactory,
    SenderFactory,
)
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


def test_senders_are_narrowed_by_what_was_found_of_them(manager: Client, sender: Sender) -> None:
    sick = SenderFactory(organization=sender.organization, health={"status": "fail", "checks": []})
    listed = reverse("admin:campaigns_sender_changelist")

    found = [set(manager.get(listed, {"health": asked}).context["cl"].result_list) for asked in ("fail", "unchecked")]

    assert (found[0], sick in found[1], sender in found[1]) == ({sick}, False, True)


def test_the_share_that_bounced_is_told(manager: Client, sender: Sender) -> None:
    assert "No mail in the last 7 days" in manager.get(page(sender)).content.decode()


def test_whoever_may_only_read_sees_no_field_for_secrets(operator: Client, sender: Sender) -> None:
    shown = operator.get(page(sender)).content.decode()

    assert ('name="password"' in shown, 'name="esp_settings"' in shown, "check_now" in shown) == (False, False, False)


RAMP = {"ramp_start": 10, "ramp_increase": 20, "ramp_ceiling": 50, "ramp_started_on": date(2026, 11, 18)}


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({}, ["No limit of its own a day or an hour."]),
        ({"daily_limit": 40}, ["3 of 40 mails today, by its daily limit."]),
        (
            RAMP,
            [
                "3 of 50 mails today, by the ramp-up.",
                "The ramp-up is over.",
            ],
        ),
        (
            RAMP | {"ramp_started_on": date(2026, 11, 19), "ramp_ceiling": None, "daily_limit": 70},
            [
                "3 of 30 mails today, by the ramp-up.",
                "Day 2 of the ramp-up: 30 today, 50 tomorrow, 70 from 22 Nov 2026 on.",
            ],
        ),
        (
            RAMP | {"ramp_started_on": date(2026, 11, 25)},
            [
                "3 of 10 mails today, by the ramp-up.",
                "The ramp-up begins on 25 Nov 2026; until then as on its first day, 50 from 27 Nov 2026 on.",
            ],
        ),
        (
            RAMP | {"ramp_increase": 0},
            [
                "3 of 10 mails today, by the ramp-up.",
                "Day 3 of the ramp-up, which does not grow: give it an increase, or end it.",
            ],
        ),
        (
            {"status": "paused", "gap_seconds": 60, "gap_jitter_seconds": 30, "domain_daily_limit": 2},
            [
                "It is paused: nothing leaves through it.",
                "At least 60 s between two mails, by chance up to 30 s more.",
                "At most 2 a day to addresses of one domain; used up for full.example.",
            ],
        ),
    ],
)
def test_what_a_sender_may_send_today_is_said_with_the_reason(limits: dict[str, Any], said: list[str]) -> None:
    today = day_start(NOON, ZoneInfo("UTC"))
    used = {("day", "", today): 3, ("domain", "full.example", today): 2, ("domain", "free.example", today): 1}

    assert limits_said(Sender(**limits), used, now=NOON) == said


def test_a_sender_is_judged_by_its_last_week_beside_the_one_before_and_names_its_campaigns(
    manager: Client, sender: Sender, campaign: Any
) -> None:
    now = timezone.now()
    CampaignSenderFactory(campaign=campaign, sender=sender)
    Campaign.objects.filter(pk=campaign.pk).update(daily_limit=120)
    for days, bounced, replied in ((1, True, False), (2, False, True), (3, False, False), (9, False, True)):
        at = now - timedelta(days=days)
        made = RecipientFactory(
            campaign=campaign, bounced_at=at if bounced else None, replied_at=at if replied else None
        )
        sent = MessageFactory(recipient=made, sender=sender, sent_at=at, attempted_at=at)
        Message.objects.filter(pk=sent.pk).update(created_at=at)

    shown = manager.get(page(sender)).content.decode()

    assert "3 mails: 33.3 % bounced (1), 33.3 % replied (1)." in shown
    assert "In the 7 days before 1 mail: 0.0 % bounced (0), 100.0 % replied (1)." in shown
    assert "at most 120 mails a day" in shown


def test_the_list_of_senders_tells_the_week_of_each_and_asks_no_more_for_three(
    manager: Client, sender: Sender, django_assert_max_num_queries: Any
) -> None:
    now = timezone.now()
    MessageFactory(sender=sender, recipient__campaign__organization=sender.organization, attempted_at=now)
    listed = reverse("admin:campaigns_sender_changelist")
    manager.get(listed)
    with django_assert_max_num_queries(60) as one:
        shown = manager.get(listed).content.decode()
    for each in SenderFactory.create_batch(2, organization=sender.organization):
        MessageFactory(sender=each, recipient__campaign__organization=sender.organization, attempted_at=now)

    with django_assert_max_num_queries(len(one)):
        manager.get(listed)

    assert "1 mail<br>0.0 % bounced<br>0.0 % replied" in shown
