"""A pause in mid-send: what may still go is counted, said, and nothing else goes."""

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns import lifecycle
from campaigns.delivery.memory import ACCEPTED, MemoryBackend
from campaigns.ledger import ledger
from campaigns.models import Campaign, Message
from campaigns.sending.work import send_chunk
from campaigns.tests.factories import MessageFactory
from campaigns.tests.sending.sending import Road, started_campaign
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.tests.admin.browsers import member, press
from campaigns_project.tests.rest.clients import key_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


def test_what_goes_after_a_pause_is_what_was_at_the_mail_server_and_was_counted(now):
    campaign = started_campaign(people=60, now=now)
    counted = []
    taken = []

    def answers():
        while True:
            taken.append(1)
            if len(taken) == 7:
                paused = lifecycle.pause(campaign=Campaign.objects.get(), actor=SYSTEM, now=now)
                counted.append(lifecycle.may_still_go(paused))
            yield ACCEPTED

    send_chunk(campaign, connections=Road(MemoryBackend(answers=answers())))

    assert 1 <= len(taken) - 6 <= counted[0] < 60
    assert (ledger(campaign).waiting, ledger(campaign).in_flight) == (60 - len(taken), 0)


@pytest.fixture
def campaign(now):
    """One of three mails is at the mail server, one with a worker."""
    campaign = started_campaign(people=3, now=now)
    rows = [("sending", "<a@x.example>"), ("claimed", None)]
    for recipient, (status, identity) in zip(campaign.recipients.order_by("pk"), rows, strict=False):
        MessageFactory(recipient=recipient, step=campaign.steps.get(), in_hand=True, status=status, message_id=identity)
    return campaign


def test_the_answer_of_the_api_has_the_number(campaign):
    client = key_client(Role.MANAGER, campaign.organization)

    answer = client.post(f"/api/v1/campaigns/{campaign.pk}/pause", {}, format="json").json()

    assert (answer["status"], answer["may_still_go"]) == ("paused", 1)


def test_the_admin_says_the_number_when_it_is_done_and_on_the_page(campaign):
    manager = member(campaign.organization, Role.MANAGER)
    page = reverse("admin:campaigns_campaign_change", args=[campaign.pk])

    press(manager, reverse("admin:campaigns_campaign_pause", args=[campaign.pk]), reason="")
    shown = manager.get(page).content.decode()

    # Said, shown, for the ear, and in the name of the button that takes it back.
    assert shown.count("Up to 1 mail at the mail server now may still arrive.") == 4
    Message.objects.update(status="pending", lease=None)
    assert "may still arrive" not in manager.get(page).content.decode()
