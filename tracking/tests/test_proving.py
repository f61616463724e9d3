"""What was heard of a mail before anybody doubted it proves it as well as what comes later."""

from datetime import timedelta

import pytest

from campaigns.models import Campaign, Message
from campaigns.tests.factories import NOON, EventFactory, MessageFactory
from tracking.proving import prove_by_events

pytestmark = pytest.mark.django_db
SOON = NOON + timedelta(seconds=5)


def doubtful(**fields):
    return MessageFactory(status="uncertain", sent_at=None, reason="worker_lost", **fields)


def test_an_uncertain_mail_that_was_opened_before_counts_as_sent_from_then_on():
    opened, silent = doubtful(), doubtful()
    for at in (SOON + timedelta(minutes=1), SOON):
        EventFactory(message=opened, campaign_recipient=opened.recipient, event_type="open", created_at=at)

    assert (prove_by_events(), prove_by_events()) == (1, 0)

    assert list(Message.objects.order_by("pk").values_list("status", "sent_at")) == [
        ("sent", SOON),
        ("uncertain", None),
    ]
    assert Campaign.objects.get(recipients=opened.recipient).emails_sent == 1
    assert silent.recipient.campaign.emails_sent == 0


def test_what_is_being_deleted_is_left_alone():
    message = doubtful(recipient__campaign__deleting_at=NOON)
    EventFactory(message=message, campaign_recipient=message.recipient, event_type="open")

    assert prove_by_events() == 0
