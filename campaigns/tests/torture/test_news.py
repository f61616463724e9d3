"""News against mails in flight: whoever is out gets nothing that begins more than a second after the news was there."""

import contextlib
import random
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest
from django.test import Client
from django.utils import timezone

from campaigns import lifecycle, tokens
from campaigns.enrollment.stop import de_enroll
from campaigns.models import Campaign, Message, Recipient
from campaigns.sending.gate import VALID_FOR
from campaigns.tests.torture.campaign import big_campaign
from campaigns.tests.torture.relay import Relay
from campaigns.tokens import Purpose
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.tests.processes import started, wait_until
from leads.models import SuppressionReason
from leads.suppression import suppress
from tracking.consequences import record_event
from tracking.models import EventType

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 60
A_MAIL = 0.05  # seconds: a relay that passes 20 mails in one
GAP = 0.04  # seconds between two pieces of news, on average


@dataclass
class News:
    """What was told of whom, and when that was committed (seconds since 1970); and when the campaign was paused."""

    chance: random.Random
    told: dict[str, float] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    pauses: list[tuple[float, float]] = field(default_factory=list)

    def of(self, recipient: Recipient) -> None:
        """Something that takes this recipient out."""
        under_way = Message.objects.filter(recipient=recipient, status__in=["claimed", "sending"]).last()
        kind = self.chance.choice(["unsubscribed", "replied", "suppressed", "taken out"])
        if kind == "unsubscribed" and under_way is None:
            kind = "replied"  # nobody has a link yet
        match kind:
            case "unsubscribed":
                path = f"/t/{tokens.sign(Purpose.UNSUBSCRIBE, under_way.pk)}/unsubscribe"
                assert Client().post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
            case "replied":
                record_event(recipient=recipient, event_type=EventType.REPLY, at=timezone.now(), source="test")
            case "suppressed":
                suppress(
                    organization=recipient.campaign.organization,
                    address=recipient.email_address,
                    reason=SuppressionReason.MANUAL,
                )
            case "taken out":
                de_enroll(recipient=recipient, actor=SYSTEM, now=timezone.now())
        self.told[recipient.email_address] = time.time()
        self.kinds[kind] += 1
        self.in_flight += under_way is not None

    def pause(self, campaign: Campaign) -> None:
        """Pause it for somewhat longer than a gate is valid."""
        paused = lifecycle.pause(campaign=campaign, actor=SYSTEM, now=timezone.now())
        at = time.time()
        wait_until(lambda: time.time() > at + VALID_FOR * 1.5, "the last gate before it is no longer valid")
        self.pauses.append((at, time.time()))
        lifecycle.resume(campaign=paused, actor=SYSTEM, now=timezone.now())


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_leaves_a_second_after_its_recipient_left_or_its_campaign_was_paused(tmp_path, seed):
    campaign = big_campaign(people=PEOPLE, steps=2)
    news = News(random.Random(seed))
    log = tmp_path / "lanes.log"
    with Relay(tmp_path, seconds=A_MAIL) as relay:
        more = {"MAILBOX_PORT": str(relay.port), "VAR_DIR": str(tmp_path), "STREAMS": "2"}
        with started("-m", "campaigns.tests.torture.lanes", "2", log=log, **more):
            wait_until(relay.taken, "the first mail has left", log)
            break_news(news, campaign)
            wait_until(lambda: not waiting(campaign).exists(), "everybody has had all or is out", log)
        taken = relay.taken()

    too_late = [
        (mail.to, round(mail.began_at - news.told[mail.to], 3))
        for mail in taken
        if mail.began_at > news.told.get(mail.to, mail.began_at) + VALID_FOR
    ]
    while_paused = [
        (mail.to, round(mail.began_at - paused, 3))
        for mail in taken
        for paused, resumed in news.pauses
        if paused + VALID_FOR < mail.began_at < resumed
    ]
    assert (too_late, while_paused) == ([], [])
    assert len({mail.id for mail in taken}) == len(taken) < 2 * PEOPLE
    assert (len(news.kinds), news.in_flight > 10, len(news.pauses)) == (4, True, 1)


def break_news(news, campaign):
    """Half of the people leave one after the other, those at the gate first; a pause of the campaign in the middle."""
    people = PEOPLE // 2
    for number in range(people):
        if number == people // 2:
            news.pause(campaign)
        still_in = list(waiting(campaign).select_related("campaign__organization", "lead").order_by("?"))
        in_hand = dict(Message.objects.filter(status__in=["claimed", "sending"]).values_list("recipient_id", "status"))
        still_in.sort(key=lambda each: ["sending", "claimed", None].index(in_hand.get(each.pk)))
        with contextlib.suppress(IndexError):  # nobody is left
            news.of(still_in[0])
        time.sleep(news.chance.expovariate(1 / GAP))


def waiting(campaign):
    return Recipient.objects.filter(campaign=campaign, status__in=["pending", "sent"])
