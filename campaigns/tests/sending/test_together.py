"""Mails that share one request to an e-mail service: their fate is known together, whatever ends the slice early."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.test import override_settings
from django.utils import timezone

from campaigns.delivery.esp import BATCH
from campaigns.ledger import ledger
from campaigns.models import Message, Recipient, Sender
from campaigns.sending import deliver
from campaigns.sending.connections import Connections
from campaigns.tests.delivery.service_server import Says, ServiceServer
from campaigns.tests.sending.sending import send_all, started_campaign
from campaigns.tests.sending.test_senders import by_service
from campaigns_project.workers import stopping

pytestmark = pytest.mark.django_db


@dataclass
class Watched:
    """The ways out of `connections`; `act` is done as soon as the first answer of a slice is there.

    Before each slice it takes `seconds`, as connecting may.
    """

    connections: Connections
    act: Callable[[], object]
    seconds: float

    def to(self, sender):
        self.backend = self.connections.to(sender)
        return self

    def deliver_many(self, envelopes, *, before_data):
        time.sleep(self.seconds)
        for outcome in self.backend.deliver_many(envelopes, before_data=before_data):
            self.act()
            yield outcome


@pytest.fixture
def campaign(settings):
    with override_settings(SANDBOX=True):
        campaign = started_campaign(people=4, now=timezone.now())
    settings.SANDBOX = False
    return campaign


@pytest.fixture
def _stops():
    yield
    stopping.take_back()


def send(campaign, server, act=lambda: None, seconds=0.0):
    Sender.objects.update(**by_service(server, "mailgun"))
    with Connections() as connections:
        return send_all(campaign, Watched(connections, act, seconds))


@pytest.mark.usefixtures("_stops")
def test_a_stop_while_they_are_at_the_service_leaves_none_of_them_to_be_sent_again(campaign):
    with ServiceServer() as server:
        send(campaign, server, act=stopping.ask_to_stop)
        stopping.take_back()
        send(campaign, server)

    assert (len(server.mails), len({mail.to for mail in server.mails})) == (4, 4)
    assert (ledger(campaign).sent, ledger(campaign).adds_up) == (4, True)


def test_a_gate_that_was_asked_again_leaves_none_of_them_to_be_sent_again(campaign, monkeypatch):
    monkeypatch.setattr(deliver, "VALID_FOR", 0.3)

    with ServiceServer() as server:
        send(campaign, server, seconds=0.4)

    assert (len(server.mails), len({mail.to for mail in server.mails})) == (4, 4)
    assert (ledger(campaign).sent, ledger(campaign).adds_up) == (4, True)


@pytest.mark.usefixtures("_stops")
def test_after_a_stop_those_of_a_refused_request_are_not_tried_one_by_one(campaign):
    with ServiceServer(Says(400, {"message": "'to' parameter is not a valid address"})) as server:
        send(campaign, server, act=stopping.ask_to_stop)

    assert len(server.requests) == 2
    assert sorted(Message.objects.values_list("status", flat=True)) == ["pending", "pending", "pending", "sent"]


def test_a_service_that_wants_to_be_left_alone_begins_the_four_days_of_none_it_was_not_asked_about(settings):
    with override_settings(SANDBOX=True):
        campaign = started_campaign(people=BATCH + 5, now=timezone.now())
    settings.SANDBOX = False

    with ServiceServer(Says(429, "", {"Retry-After": "3600"})) as server:
        send(campaign, server)

    asked, others = Message.objects.filter(status="deferred"), Message.objects.filter(status="pending")
    assert len(server.requests) == 1
    assert {(mail.attempts, mail.first_deferred_at is None) for mail in asked} == {(1, False)}
    assert {(mail.attempts, mail.first_deferred_at) for mail in others} == {(0, None)}
    assert 0 < asked.count() <= BATCH
    assert asked.count() + others.count() == BATCH + 5
    assert Recipient.objects.due(timezone.now()).count() == 0
