"""/inbound-webhooks, and the same in the admin."""

import pytest

from campaigns.tests.factories import InboundWebhookFactory, MembershipFactory, SenderFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import client_of
from campaigns_project.tests.rest.clients import key_client
from tracking.tests.inbound.services import complaint, mail_of

pytestmark = pytest.mark.django_db
SETTLED = {"status": "settled", "reason": "", "event": None, "put_aside": 0, "counted": 1}


@pytest.fixture
def sender():
    return SenderFactory(webhook_service="postmark")


def test_they_are_found_by_status_and_sender(sender):
    aside = InboundWebhookFactory(sender=sender)
    settled = InboundWebhookFactory(sender=sender, **SETTLED)
    other = InboundWebhookFactory(sender__organization=sender.organization)
    InboundWebhookFactory()
    client = key_client(organization=sender.organization)

    def found(query):
        return [row["id"] for row in client.get(f"/api/v1/inbound-webhooks{query}").json()["results"]]

    assert found("") == [other.pk, settled.pk, aside.pk]
    assert found("?status=quarantined") == [other.pk, aside.pk]
    assert found(f"?sender={sender.pk}&status=settled") == [settled.pk]


@pytest.mark.parametrize("event", [5, "text", ["x"], {"event": "open"}])
def test_what_was_put_aside_is_shown_as_it_came(sender, event):
    InboundWebhookFactory(sender=sender, event=event)

    (row,) = key_client(organization=sender.organization).get("/api/v1/inbound-webhooks").json()["results"]

    assert row["event"] == event


@pytest.mark.parametrize("rows", [1, 3])
def test_the_number_of_queries_does_not_grow(sender, rows, django_assert_max_num_queries):
    InboundWebhookFactory.create_batch(rows, sender=sender)
    client = key_client(organization=sender.organization)

    with django_assert_max_num_queries(6):
        assert len(client.get("/api/v1/inbound-webhooks").json()["results"]) == rows


def test_one_whose_mail_is_known_by_now_is_settled(sender):
    row = InboundWebhookFactory(sender=sender, event=complaint(mail_of(sender)))
    client = key_client(Role.OPERATOR, organization=sender.organization)

    tried = client.post(f"/api/v1/inbound-webhooks/{row.pk}/retry")
    again = client.post(f"/api/v1/inbound-webhooks/{row.pk}/retry")

    assert (tried.json()["status"], tried.json()["counted"], tried.json()["event"]) == ("settled", 1, None)
    assert (again.status_code, again.json()["code"]) == (409, "not_quarantined")


def test_the_admin_lists_what_was_put_aside_first_and_tries_it_again(sender):
    aside = InboundWebhookFactory(sender=sender)
    InboundWebhookFactory(sender=sender, **SETTLED)
    client = client_of(MembershipFactory(organization=sender.organization, role=Role.OPERATOR).user)

    listed = client.get("/admin/tracking/inboundwebhook/").content.decode()
    page = client.get(f"/admin/tracking/inboundwebhook/{aside.pk}/change/").content.decode()

    assert listed.index("Quarantined</span>") < listed.index("Settled</span>")
    assert "nobody@elsewhere.example" in page
    assert "Try again" in page
