"""A sender's connections over all workers."""

import threading

import pytest
from django.db import connection

from campaigns.sending.slots import Slots
from campaigns.tests.factories import SenderFactory


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
@pytest.mark.parametrize(("gap", "granted"), [({}, 3), ({"gap_seconds": 5}, 1), ({"gap_jitter_seconds": 5}, 1)])
def test_a_sender_has_as_many_connections_as_it_allows_and_one_where_its_mails_keep_a_gap(gap, granted):
    """While a slow server looks at a mail, no other may take its place in the gap: then neither would leave."""
    sender = SenderFactory(max_connections=3, **gap)

    assert taken_beside_each_other(sender, tries=4) == granted
