"""Every service, by real requests: what it reports arrives, in its own format and with its own proof."""

import pytest
from django.utils import timezone

from campaigns.delivery.hooks import HOOKS
from campaigns.delivery.services import SERVICES
from campaigns.models import Recipient
from leads.models import Suppression
from tracking.inbound import library
from tracking.inbound.settle import settle_waiting
from tracking.models import EmailEvent, InboundWebhook
from tracking.tests.inbound.services import hard_bounce, mail_of, post, sender_of, settle_all

pytestmark = pytest.mark.django_db
WRONG = {"resend": "whsec_" + "AAAA" * 8}
FORGED = {"X-Twilio-Email-Event-Webhook-Signature": "AAAA", "X-Postal-Signature": "AAAA"}  # by another's key


def test_the_reports_of_every_service_that_mails_can_go_out_through_are_understood():
    assert set(SERVICES) <= set(HOOKS)
    assert set(library._VIEWS) == set(HOOKS)


@pytest.mark.parametrize("service", HOOKS)
def test_a_dead_address_reported_by_any_service_is_suppressed_and_its_recipient_out(client, service):
    sender = sender_of(service)
    message = mail_of(sender)
    answer = post(client, sender, hard_bounce(service, message))

    assert (answer.status_code, settle_waiting(now=timezone.now())) == (200, 1)

    event = EmailEvent.objects.get()
    assert (event.event_type, event.event_data["kind"], event.source) == ("bounce", "hard", f"esp.{service}")
    assert (event.message, event.campaign_recipient) == (message, message.recipient)
    assert Recipient.objects.get().exit_reason == "hard_bounce"
    assert Suppression.objects.get().address == "bob@example.org"
    row = InboundWebhook.objects.get()
    assert (row.status, row.counted, row.body, row.event) == ("settled", 1, "", None)


@pytest.mark.parametrize("service", HOOKS)
def test_what_a_service_sends_again_happens_once(client, service):
    sender = sender_of(service)
    content = hard_bounce(service, mail_of(sender))

    for _ in range(2):
        assert post(client, sender, content).status_code == 200
        settle_all()

    assert EmailEvent.objects.count() == 1


@pytest.mark.parametrize("service", HOOKS)
def test_without_its_proof_nothing_of_any_service_is_taken(client, service):
    sender, closed = sender_of(service), sender_of(service, webhook_secret="")
    content = hard_bounce(service, mail_of(sender))

    forged = post(client, sender, content, secret=WRONG.get(service, "not-the-secret-of-it"), **FORGED)
    unproved = client.post(forged.wsgi_request.path, b"{}", content_type="application/json")
    unset = post(client, closed, content)

    assert (forged.status_code, unproved.status_code, unset.status_code) == (
        401 if HOOKS[service].signs else 403,
        401,
        403,
    )
    assert not InboundWebhook.objects.exists()
