"""A worker that is stopped in the middle of its work: how soon it ends, and what becomes of the mails in its hands."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.utils import timezone

from campaigns.ledger import ledger
from campaigns.models import Campaign, Message, Recipient
from campaigns.tests.sending.sending import started_campaign
from campaigns_project.runtime.child import GRACE
from campaigns_project.tests.processes import family_of, free_port, living, started, stop, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


class Slow:
    """A mail server that answers the content of a mail after `seconds`; counts what it was given."""

    def __init__(self, seconds: float):
        self.seconds = seconds
        self.begun: list[str] = []
        self.taken: Counter[str] = Counter()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.begun.append(envelope.rcpt_tos[0])
        await asyncio.sleep(self.seconds)
        self.taken[envelope.rcpt_tos[0]] += 1
        return "250 2.0.0 taken"


@contextmanager
def listening(slow: Slow) -> Iterator[int]:
    controller = Controller(slow, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def stopped_in_mid_send(
    slow: Slow, when: Callable[[], object], log: Path, *, people: int
) -> tuple[Campaign, int, float]:
    """Run a worker on a campaign and stop it as soon as `when` holds: campaign, exit code, seconds until the end."""
    campaign = started_campaign(people=people, now=timezone.now())
    with listening(slow) as port, started("manage.py", "run_worker", log=log, MAILBOX_PORT=str(port)) as worker:
        wait_until(when, "mails are under way", log)
        family = family_of(worker)
        began = time.monotonic()
        code = stop(worker, signal.SIGTERM)
        took = time.monotonic() - began
        wait_until(lambda: not living(family), "everything ended", log)
    return campaign, code, took


def test_a_slow_mail_server_is_left_within_seconds_and_nothing_is_in_doubt(tmp_path: Path):
    slow, log = Slow(1 / 20), tmp_path / "log"

    campaign, code, took = stopped_in_mid_send(slow, lambda: len(slow.begun) > 20, log, people=600)

    counts = ledger(campaign)

    said = log.read_text()
    assert (code, took < GRACE) == (0, True)
    assert "hung up on" not in said  # it ended by itself, long before
    assert "killing it" not in said
    assert (counts.in_flight, counts.uncertain, counts.adds_up) == (0, 0, True)
    assert counts.sent == len(slow.taken) < 600
    assert set(slow.taken.values()) == {1}
    assert not Recipient.objects.filter(status="queued").exists()


@pytest.mark.long
def test_a_mail_server_that_never_answers_is_hung_up_on_before_the_worker_would_be_killed(tmp_path: Path):
    hanging = Slow(600)
    log = tmp_path / "log"

    campaign, code, took = stopped_in_mid_send(hanging, lambda: hanging.begun, log, people=20)

    counts = ledger(campaign)

    assert (code, took < GRACE) == (0, True)
    assert "killing it" not in log.read_text()
    in_doubt = len(hanging.begun)  # a mail for each connection
    assert (counts.uncertain, counts.in_flight, counts.sent, counts.adds_up) == (in_doubt, 0, 0, True)
    assert counts.waiting == 20 - in_doubt
    assert set(Message.objects.filter(status="uncertain").values_list("reason", flat=True)) == {"dropped"}
