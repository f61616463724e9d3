"""Streams of mail beside each other in one worker."""

import threading
from collections import namedtuple
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.ledger import ledger
from campaigns.models import Recipient, Sender, SenderSecurity
from campaigns.sending import work
from campaigns.sending.connections import Connections
from campaigns.sending.streams import Turn, in_streams, share_idle
from campaigns.sending.work import Stream
from campaigns.tests.delivery.fault_server import FaultServer, Silence
from campaigns.tests.factories import CampaignSenderFactory
from campaigns.tests.sending.sending import Road, started_campaign

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 10.0
Times = namedtuple("Times", ["user", "system", "idle"])


def test_streams_run_beside_each_other_as_the_first_calls_for_help():
    together = threading.Barrier(3)

    def stream(call_for_help):
        for _ in range(5):
            call_for_help()
        connection.ensure_connection()
        together.wait(PATIENCE)
        return 1

    assert in_streams(stream, most=3, turn=Turn(PATIENCE)) == 3


@pytest.mark.parametrize(("idle", "share"), [(0.0, 0.0), (1.0, 0.25), (4.0, 1.0)])
def test_the_share_of_time_in_which_processors_do_nothing_is_told_from_all_of_it(idle, share):
    before = Times(user=100.0, system=10.0, idle=1000.0)
    after = Times(user=102.0 - idle / 2, system=12.0 - idle / 2, idle=1000.0 + idle)

    assert share_idle(before, after) == share
    assert share_idle(before, before) == 1.0


def test_what_one_of_them_raises_is_raised_when_all_have_ended():
    ended = threading.Event()

    def stream(call_for_help):
        if threading.current_thread() is not threading.main_thread():
            raise LookupError("in a thread")
        call_for_help()
        ended.set()
        return 1

    with pytest.raises(LookupError):
        in_streams(stream, most=2, turn=Turn(PATIENCE))
    assert ended.is_set()


def test_a_new_sender_begins_at_the_speed_that_was_learned_of_its_server():
    stream = Stream(Road())
    first, second, elsewhere = (Sender(pk=pk, host=host) for pk, host in [(1, "a.example"), (2, "a.example"), (3, "")])
    began = stream.speed(elsewhere).share.size
    stream.speed(first).share.learn(began, seconds=0.01)

    assert stream.speed(second).share.size == stream.speed(first).share.size > began
    assert stream.speed(elsewhere).share.size == began
    stream.speed(second).share.learn(1, seconds=1.0)  # this one alone is slow
    assert stream.speed(first).share.size > stream.speed(second).share.size == 1


def test_a_server_that_does_not_answer_holds_up_nobody_but_those_who_wait_for_it(settings, tmp_path, monkeypatch):
    """Neither who is due now nor who comes due after the end of the turn, however many senders that server has."""
    settings.VAR_DIR, settings.STREAMS = tmp_path, 1
    monkeypatch.setattr("campaigns.sending.streams.STUCK_AFTER", 0.2)
    monkeypatch.setattr("campaigns.sending.streams.LOOK_EVERY", 0.05)
    monkeypatch.setattr(work, "Connections", partial(Connections, connect_seconds=1.5))
    now = timezone.now()
    waiting, healthy = (started_campaign(people=people, now=now, priority=people) for people in (8, 2))
    CampaignSenderFactory.create_batch(3, campaign=waiting, sender__organization=waiting.organization)
    later = Recipient.objects.filter(campaign=healthy).latest("pk")
    Recipient.objects.filter(pk=later.pk).update(next_send_at=now + timedelta(seconds=1))
    settings.SANDBOX = False
    with FaultServer(greeting=Silence()) as silent, FaultServer() as good:
        for campaign, server in [(waiting, silent), (healthy, good)]:
            senders = Sender.objects.filter(campaign_senders__campaign=campaign)
            senders.update(host="127.0.0.1", port=server.port, security=SenderSecurity.NONE)

        work.work(lane=1, turn=timedelta(seconds=0.3))

    assert (ledger(healthy).sent, ledger(waiting).waiting) == (2, 8)
    assert silent.connections == 1
