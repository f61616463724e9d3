"""What the workers do, as the page, the API and doctor show it."""

import io
import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from campaigns.locks import Lock
from campaigns.models import Message
from campaigns.sending.slots import Slots
from campaigns.tests.factories import MessageFactory, OrganizationFactory, SenderFactory, UserFactory
from campaigns.working import working
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import client_of, member
from campaigns_project.tests.rest.clients import key_client
from campaigns_project.workers import heartbeat
from campaigns_project.workers.models import WorkerHeartbeat

pytestmark = pytest.mark.django_db


def in_flight(status, *, lease=timedelta(minutes=2), **fields):
    claimed_at = Now() - timedelta(seconds=40)
    return MessageFactory(in_hand=True, status=status, claimed_at=claimed_at, leased_until=Now() + lease, **fields)


@pytest.fixture
def root():
    return UserFactory(is_superuser=True)


def test_processes_are_shown_with_the_leader_and_who_is_silent():
    heartbeat.beat(kind="tick", name="tick@a", pid=1, detail="leading")
    heartbeat.beat(kind="qcluster", name="qcluster@b", pid=2, capacity=4, detail="idle")
    WorkerHeartbeat.objects.filter(name="qcluster@b").update(seen_at=Now() - timedelta(minutes=4))

    found = working()

    assert found.leader == "tick@a"
    assert {each.name: each.is_silent for each in found.processes} == {"tick@a": False, "qcluster@b": True}


def test_a_tick_that_led_and_went_silent_leads_no_more():
    heartbeat.beat(kind="tick", name="tick@a", pid=1, detail="leading")
    WorkerHeartbeat.objects.update(seen_at=Now() - timedelta(minutes=1))

    assert working().leader == ""


def test_mails_in_hand_are_counted_by_campaign_and_sender_with_age_and_leases_ending_soon():
    sender = SenderFactory(email="petr@fairlead.example")
    first = in_flight("sending", sender=sender)
    in_flight("claimed", sender=sender, recipient__campaign=first.recipient.campaign, lease=timedelta(seconds=5))
    MessageFactory(sender=sender)

    (load,) = working().loads

    assert (load.campaign, load.sender) == (first.recipient.campaign_id, "petr@fairlead.example")
    assert (load.claimed, load.sending, load.leases_ending) == (1, 1, 1)
    assert 40 <= load.oldest < 60
    assert working().in_flight == 2


def test_the_pace_counts_what_left_in_the_last_minute_by_sender():
    sender = SenderFactory(email="petr@fairlead.example")
    MessageFactory.create_batch(3, sender=sender, sent_at=timezone.now())
    MessageFactory(sender=sender, sent_at=timezone.now() - timedelta(minutes=2))

    found = working()

    assert [(pace.sender, pace.mails) for pace in found.paces] == [("petr@fairlead.example", 3)]
    assert found.mails_last_minute == 3


def test_the_connections_that_workers_hold_are_counted_by_sender():
    sender = SenderFactory(max_connections=3)
    SenderFactory()

    with Slots() as slots:
        slots.take(sender)
        (pace,) = working().paces

    assert (pace.sender, pace.connections, pace.max_connections) == (sender.email, 1, 3)


def test_a_lane_that_is_held_is_shown():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 3)", [Lock.LANE])

    assert [lane.number for lane in working().lanes] == [3]


def test_the_page_and_its_live_part_show_it_to_system_administrators_alone(root):
    message = in_flight("sending")
    pages = [reverse("admin:workers_workerheartbeat_changelist"), reverse("admin:workers_workerheartbeat_live")]
    owner = member(message.recipient.campaign.organization, Role.OWNER)

    for page in pages:
        assert message.recipient.campaign.name in client_of(root).get(page).content.decode()
        assert owner.get(page).status_code == 403


def test_the_api_shows_it_to_system_administrators_alone(root):
    in_flight("sending")
    client = APIClient()
    client.force_login(root, backend="campaigns_project.accounts.backends.PasswordAndCode")

    assert client.get("/api/v1/system/workers").json()["in_flight"] == 1
    assert key_client(Role.OWNER, OrganizationFactory()).get("/api/v1/system/workers").status_code == 403
    assert APIClient().get("/api/v1/system/workers").status_code == 401


def test_doctor_tells_machines_the_same():
    in_flight("sending")
    out = io.StringIO()

    with pytest.raises(SystemExit):  # no worker is alive
        call_command("doctor", "--json", stdout=out)

    assert json.loads(out.getvalue())["working"]["in_flight"] == Message.objects.filter(status="sending").count() == 1
