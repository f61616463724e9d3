"""Uncertain mails: what a person decides about them."""

import pytest
from django.utils import timezone

from campaigns import lifecycle
from campaigns.delivery.memory import MemoryBackend
from campaigns.delivery.outcomes import Uncertain
from campaigns.enrollment import stop_recipient
from campaigns.ledger import ledger
from campaigns.models import ExitReason, Message
from campaigns.sending.decide import send_again, treat_as_sent
from campaigns.tests.sending.sending import Road, send_all, started_campaign
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import StateRefused

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


def uncertain_message(now, steps=2):
    campaign = started_campaign(people=1, steps=steps, now=now)
    send_all(campaign, Road(MemoryBackend(answers=[Uncertain("timeout")])))
    return campaign, Message.objects.select_related("recipient__campaign").get()


def test_treated_as_sent_the_sequence_goes_on_and_completes(now):
    campaign, message = uncertain_message(now)
    road = Road()

    treat_as_sent(message=message, actor=SYSTEM, now=now, reason="seen in the log of the server")
    send_all(campaign, road)
    lifecycle.complete_finished(now=now)

    campaign.refresh_from_db()
    assert (len(road.backend.mails), ledger(campaign).sent, campaign.status) == (1, 2, "completed")
    assert AuditLog.objects.about(message).values_list("action", "reason").get() == (
        "message.treated_as_sent",
        "seen in the log of the server",
    )


def test_sent_again_it_keeps_its_message_id(now):
    campaign, message = uncertain_message(now, steps=1)
    road = Road()

    send_again(message=message, actor=SYSTEM, now=now)
    send_all(campaign, road)

    assert message.message_id.encode() in road.backend.mails[0].data
    assert (ledger(campaign).sent, ledger(campaign).uncertain) == (1, 0)


def test_nothing_is_sent_again_to_somebody_who_left(now):
    campaign, message = uncertain_message(now, steps=1)
    stop_recipient(message.recipient_id, reason=ExitReason.UNSUBSCRIBED, at=now)
    road = Road()

    send_again(message=message, actor=SYSTEM, now=now)
    send_all(campaign, road)

    assert road.backend.asked == []
    assert Message.objects.values_list("status", "reason").get() == ("skipped", "unsubscribed")


@pytest.mark.parametrize("decide", [treat_as_sent, send_again])
def test_what_is_decided_already_is_refused(now, decide):
    _campaign, message = uncertain_message(now)
    treat_as_sent(message=message, actor=SYSTEM, now=now)

    with pytest.raises(StateRefused) as refused:
        decide(message=message, actor=SYSTEM, now=now)

    assert (refused.value.code, refused.value.details) == (
        "state_conflict", {"current_status": "sent", "allowed_actions": []},
    )  # fmt: skip
