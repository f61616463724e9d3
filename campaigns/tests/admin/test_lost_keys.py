"""Secrets whose key is gone: pages that show their rows still open, and a new secret can be entered."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from campaigns.models import Sender
from campaigns.tests.admin.test_settings import SENDER
from campaigns.tests.factories import CampaignSenderFactory, SenderFactory
from campaigns_project.tests.rest.clients import key_client

pytestmark = pytest.mark.django_db


def stored(sender: Sender) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT password FROM senders WHERE id = %s", [sender.pk])
        return cursor.fetchone()[0]


@pytest.fixture
def lost(campaign: Any) -> Sender:
    sender = CampaignSenderFactory(
        campaign=campaign, sender__email="petr@example.com", sender__host=SENDER["host"]
    ).sender
    with connection.cursor() as cursor:
        cursor.execute("UPDATE senders SET password = 'under another key' WHERE id = %s", [sender.pk])
    return sender


def test_the_pages_with_its_sender_open_and_say_what_to_do(manager: Client, lost: Sender, campaign: Any) -> None:
    page = reverse("admin:campaigns_sender_change", args=[lost.pk])
    pages = [
        reverse("admin:campaigns_sender_changelist"),
        page,
        reverse("admin:campaigns_campaign_change", args=[campaign.pk]),
    ]

    assert [manager.get(each).status_code for each in pages] == [200, 200, 200]
    assert "missing from FIELD_ENCRYPTION_KEYS" in manager.get(page).content.decode()


def test_another_change_leaves_what_is_stored_and_a_new_password_replaces_it(manager: Client, lost: Sender) -> None:
    page = reverse("admin:campaigns_sender_change", args=[lost.pk])

    manager.post(page, {**SENDER, "name": "Petra"})
    kept = (stored(lost), Sender.objects.get(pk=lost.pk).name)
    manager.post(page, {**SENDER, "password": "entered again"})

    assert kept == ("under another key", "Petra")
    assert Sender.objects.get(pk=lost.pk).password == "entered again"


def test_the_api_shows_and_changes_it() -> None:
    client = key_client()
    sender = SenderFactory(organization=client.organization)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE senders SET password = 'under another key' WHERE id = %s", [sender.pk])

    answers = [
        client.get("/api/v1/senders"),
        client.patch(f"/api/v1/senders/{sender.pk}", {"name": "Petra"}),
        client.post(f"/api/v1/senders/{sender.pk}/pause", {}),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert stored(sender) == "under another key"
