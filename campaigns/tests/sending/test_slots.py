"""A sender's connections over all workers."""

import threading

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.ledger import ledger
from campaigns.models import Sender
from campaigns.sending.slots import Slots
from campaigns.sending.work import work
from campaigns.tests.delivery.fault_server import Drop, FaultServer, Say, When
from campaigns.tests.factories import SenderFactory
from campaigns.tests.sending.sending import started_campaign
from campaigns_project.tests.processes import wait_until


def taken_beside_each_other(sender, tries):
    """How many of so many streams, each with a session of its own, get a connection while all hold theirs."""
    answers, everybody = [], threading.Barrier(tries)

    def stream():
        try:
            with Slots() as slots:
                answers.append(slots.take(sender))
                everybody.wait(timeout=30)
        finally:
            connection.close()

    threads = [threading.Thread(target=stream) for _ in range(tries)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(answers)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("fields", "granted"),
    [({}, 3), ({"gap_seconds": 5}, 1), ({"gap_jitter_seconds": 5}, 1), ({"failed_tries": 1}, 1)],
)
def test_a_sender_has_as_many_connections_as_it_allows_and_one_behind_a_gap_or_on_trial(fields, granted):
    """While a slow server looks at a mail, no other may take its place in the gap: then neither would leave."""
    sender = SenderFactory(max_connections=3, **fields)

    assert taken_beside_each_other(sender, tries=4) == granted


def in_a_session_of_its_own(act):
    """What `act` answers in another thread."""
    answers = []

    def run():
        try:
            answers.append(act())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return answers[0]


@pytest.mark.django_db(transaction=True)
def test_who_steps_back_leaves_the_sender_to_those_that_have_a_connection_for_as_long_as_they_have():
    sender = SenderFactory(max_connections=4)

    def turned_away():
        with Slots() as slots:
            return slots.take(sender), slots.step_back(sender), slots.take(sender)

    with Slots() as slots:
        slots.take(sender)
        assert in_a_session_of_its_own(turned_away) == (True, True, False)

    with Slots() as slots:  # nobody has one any more
        assert slots.take(sender)


@pytest.mark.django_db(transaction=True)
def test_the_last_to_step_back_learns_that_nobody_is_left():
    sender = SenderFactory(max_connections=4)

    with Slots() as slots:
        slots.take(sender)
        assert in_a_session_of_its_own(lambda: stepping_back(sender)) is True
        assert slots.step_back(sender) is False


def stepping_back(sender):
    with Slots() as slots:
        slots.take(sender)
        return slots.step_back(sender)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("away", [Say("421 4.7.0 too many connections", then_drop=True), Drop()], ids=["421", "reset"])
def test_a_server_that_takes_fewer_connections_than_the_sender_may_have_is_sent_to_over_those(settings, tmp_path, away):
    """Resting the whole sender for a minute would stop the one connection that works."""
    settings.VAR_DIR, settings.STREAMS = tmp_path, 1
    campaign, go_on = started_campaign(people=40, now=timezone.now()), threading.Event()
    with FaultServer(greeting=[Say("220 ready"), *[away] * 50], dot=[When(go_on)]) as server:
        settings.SANDBOX_SMTP_HOST, settings.SANDBOX_SMTP_PORT = "127.0.0.1", server.port
        first = threading.Thread(target=lambda: in_a_session_of_its_own(lambda: work(lane=1)))
        first.start()
        wait_until(lambda: "DATA" in server.verbs(), "the first connection carries a mail")

        work(lane=2)
        go_on.set()
        first.join()

    assert server.connections > 1
    assert (ledger(campaign).sent, len(server.taken)) == (40, 40)
    assert Sender.objects.values_list("failed_tries", "backs_off_until", "status_reason").get() == (0, None, "")
