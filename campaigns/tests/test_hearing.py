"""A sender's webhook address: on its page, over the API, and what pre-flight says of silence."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.admin.sender_webhook import RenewWebhookAddress
from campaigns.delivery.hooks import HOOKS
from campaigns.hearing import UNHEARD_AFTER, how_to_set_up, is_never_heard, webhook_address
from campaigns.models import Sender
from campaigns.preflight import look
from campaigns.tests.factories import (
    CampaignFactory,
    CampaignSenderFactory,
    MembershipFactory,
    MessageFactory,
    SenderFactory,
)
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import client_of
from campaigns_project.tests.rest.clients import key_client

pytestmark = pytest.mark.django_db
SECRET = "correct horse battery"
KEYS = '{"server_token": "t0ken"}'


@pytest.fixture
def sender():
    return SenderFactory(kind="esp", esp="postmark", esp_settings=KEYS, webhook_secret=SECRET)


@pytest.mark.parametrize("service", HOOKS)
def test_each_service_is_told_how_to_set_up(service):
    sender = SenderFactory(webhook_service=service)

    told = how_to_set_up(sender)

    assert ("PASSWORD@" in told) is not HOOKS[service].signs
    assert "Until a secret is stored here, every report is refused." in told


def test_an_address_holds_nothing_of_whom_it_is_for_and_is_another_for_each(sender):
    addresses = {webhook_address(each) for each in (sender, SenderFactory(webhook_service="postmark"))}

    assert len(addresses) == 2
    assert not any("postmark" in address or "@" in address for address in addresses)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MANAGER])
def test_its_page_shows_the_address_and_never_the_secret(sender, role):
    member = MembershipFactory(organization=sender.organization, role=role)

    page = client_of(member.user).get(f"/admin/campaigns/sender/{sender.pk}/change/").content.decode()

    assert webhook_address(sender) in page
    assert "Nothing was heard yet." in page
    assert SECRET not in page
    assert (RenewWebhookAddress.label in page) == (role == Role.MANAGER)


def test_the_api_shows_the_address_and_takes_the_secret(sender):
    client = key_client(Role.MANAGER, organization=sender.organization)

    answer = client.patch(f"/api/v1/senders/{sender.pk}", {"webhook_secret": "another secret of ours"})
    shown = client.get(f"/api/v1/senders/{sender.pk}").json()
    renewed = client.post(f"/api/v1/senders/{sender.pk}/renew-webhook").json()

    assert (answer.status_code, Sender.objects.get().webhook_secret) == (200, "another secret of ours")
    assert shown["webhook_address"] == webhook_address(sender) != renewed["webhook_address"]
    assert (shown["has_webhook_secret"], "webhook_secret" in shown, shown["heard_at"]) == (True, False, None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"webhook_secret": "tiny"}, "webhook_secret"),
        ({"webhook_service": "pigeon"}, "webhook_service"),
    ],
)
def test_the_api_names_what_cannot_be_used(sender, changes, field):
    client = key_client(Role.MANAGER, organization=sender.organization)

    answer = client.patch(f"/api/v1/senders/{sender.pk}", changes)

    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert Sender.objects.get().webhook_secret == SECRET


@pytest.mark.parametrize(
    ("mails", "changes", "warned"),
    [
        (UNHEARD_AFTER, {}, True),
        (UNHEARD_AFTER - 1, {}, False),
        (UNHEARD_AFTER, {"heard_at": timezone.now()}, False),
        (UNHEARD_AFTER, {"kind": "smtp"}, False),
    ],
)
def test_preflight_warns_of_a_service_that_has_never_reported(settings, sender, mails, changes, warned):
    settings.SANDBOX = False
    now = timezone.now()
    Sender.objects.update(**changes)
    campaign = CampaignFactory(organization=sender.organization)
    CampaignSenderFactory(campaign=campaign, sender=sender)
    for _ in range(mails):
        MessageFactory(sender=sender, sent_at=now - timedelta(hours=2))

    codes = {problem.code for problem in look(campaign, now=now).problems}

    assert ("sender_unheard" in codes) is warned


def test_mails_that_have_only_just_left_need_no_report(sender):
    for _ in range(UNHEARD_AFTER):
        MessageFactory(sender=sender, sent_at=timezone.now())

    assert is_never_heard(sender, now=timezone.now()) is False
