"""Eight workers who send through the same limits at once: all of the room is used, and never one mail more."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.delivery.memory import ACCEPTED, MemoryBackend
from campaigns.delivery.outcomes import Deferred, NotSent, Uncertain
from campaigns.models import Campaign, Message, Recipient, Sender, SenderUsage
from campaigns.sending.limits import LimitCode
from campaigns.sending.settle import LOOK_AGAIN
from campaigns.sending.work import due_campaigns, send_chunk
from campaigns.tests.factories import CampaignSenderFactory, OrganizationFactory
from campaigns.tests.sending.sending import Road, started_campaign

pytestmark = pytest.mark.django_db(transaction=True)
WORKERS, PEOPLE, ROOM = 8, 24, 7


@pytest.fixture
def now():
    return timezone.now()


def at_midday(now):
    """A time zone in which neither the day nor the hour ends while a test runs."""
    hour = now.hour + (now.minute >= 30)  # Etc/GMT-3 is three hours ahead of UTC
    ahead = 12 - hour
    zones = [f"Etc/GMT{-ahead:+d}" if ahead else "UTC", "Asia/Kolkata", "Asia/Kathmandu"]
    return next(name for name in zones if 2 <= now.astimezone(ZoneInfo(name)).minute <= 55)


def race(campaign, road):
    """Every worker goes on until nothing is due for it, twice."""
    together = Barrier(WORKERS)

    def worker():
        try:
            together.wait(10)
            while due_campaigns(now=timezone.now()):
                send_chunk(Campaign.objects.get(pk=campaign.pk), connections=road)
        finally:
            connection.close()

    run_all(worker)
    # Who found a limit full at the gate looks again in a moment; as if it had passed.
    Recipient.objects.filter(next_send_at__lte=timezone.now() + LOOK_AGAIN).update(next_send_at=timezone.now())
    run_all(worker)


def run_all(worker):
    with ThreadPoolExecutor(WORKERS) as pool:
        for future in [pool.submit(worker) for _ in range(WORKERS)]:
            future.result(timeout=50)


def limit_sender(now, **fields):
    Sender.objects.update(timezone=at_midday(now), **fields)


def limit_campaign(now, **fields):
    Campaign.objects.update(timezone=at_midday(now), **fields)


def ramp_up(now):
    today = now.astimezone(ZoneInfo(at_midday(now))).date()
    limit_sender(now, ramp_start=3, ramp_increase=2, ramp_started_on=today - timedelta(days=2), daily_limit=50)


LIMITS = {
    LimitCode.SENDER_DAY: (partial(limit_sender, daily_limit=ROOM), ROOM),
    LimitCode.SENDER_HOUR: (partial(limit_sender, hourly_limit=ROOM), ROOM),
    LimitCode.SENDER_RAMP: (ramp_up, ROOM),
    LimitCode.SENDER_GAP: (partial(limit_sender, gap_seconds=3600), 1),
    LimitCode.DOMAIN_DAY: (partial(limit_sender, domain_daily_limit=ROOM), ROOM),
    LimitCode.CAMPAIGN_DAY: (partial(limit_campaign, daily_limit=ROOM), ROOM),
    LimitCode.CAMPAIGN_NEW_LEADS: (partial(limit_campaign, daily_new_leads=ROOM), ROOM),
}


def test_there_is_a_race_for_every_limit():
    assert set(LIMITS) == set(LimitCode)


@pytest.mark.parametrize("code", LIMITS, ids=str)
def test_eight_workers_use_the_whole_limit_and_no_mail_more(code, now):
    limit, room = LIMITS[code]
    campaign = started_campaign(people=PEOPLE, now=now)
    limit(now)
    road = Road()

    race(campaign, road)

    assert len(road.backend.mails) == Message.objects.filter(status="sent").count() == room
    assert Recipient.objects.filter(status="pending").count() == PEOPLE - room
    assert set(Message.objects.exclude(status="sent").values_list("status", flat=True)) <= {"pending"}


def test_two_senders_and_a_campaign_with_a_limit_each_are_all_kept(now):
    campaign = started_campaign(people=PEOPLE, now=now)
    CampaignSenderFactory(campaign=campaign)
    first, second = Sender.objects.order_by("pk")
    limit_sender(now, daily_limit=6)
    Sender.objects.filter(pk=second.pk).update(daily_limit=9)
    limit_campaign(now, daily_limit=13)

    race(campaign, Road())

    sent = Message.objects.filter(status="sent")
    assert sent.count() == 13
    assert sent.filter(sender=first).count() <= 6
    assert sent.filter(sender=second).count() <= 9


def test_senders_that_are_full_leave_new_people_to_those_with_room(now):
    campaign = started_campaign(people=20, now=now)
    CampaignSenderFactory(campaign=campaign)
    first, second = Sender.objects.order_by("pk")
    Sender.objects.filter(pk=first.pk).update(daily_limit=3, timezone=at_midday(now))

    race(campaign, Road())

    sent = Message.objects.filter(status="sent")
    assert (sent.filter(sender=first).count(), sent.filter(sender=second).count()) == (3, 17)


def test_two_campaigns_share_the_limit_of_their_sender(now):
    organization = OrganizationFactory(allows_overlap=True)
    first = started_campaign(people=20, organization=organization, now=now)
    second = started_campaign(people=0, organization=organization, now=now)
    second.campaign_senders.update(sender=first.campaign_senders.get().sender)
    limit_sender(now, daily_limit=ROOM)
    road = Road()
    together = Barrier(WORKERS)

    def worker(number):
        try:
            together.wait(10)
            while (due := due_campaigns(now=timezone.now())) and len(due) > number % 2:
                send_chunk(due[number % 2], connections=road)
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        for future in [pool.submit(worker, number) for number in range(WORKERS)]:
            future.result(timeout=50)

    assert len(road.backend.mails) == ROOM


@pytest.mark.parametrize("answer", [Deferred(451, "later"), NotSent("dropped")], ids=type)
def test_what_did_not_go_out_makes_room_for_others(answer, now):
    campaign = started_campaign(people=PEOPLE, now=now)
    limit_sender(now, daily_limit=ROOM, hourly_limit=50, domain_daily_limit=50)
    road = Road(MemoryBackend(answers=[answer, ACCEPTED, answer, answer]))

    race(campaign, road)

    assert len(road.backend.mails) == ROOM
    assert set(SenderUsage.objects.values_list("scope", "used")) == {("day", ROOM), ("hour", ROOM), ("domain", ROOM)}


def test_an_uncertain_mail_stays_counted(now):
    campaign = started_campaign(people=PEOPLE, now=now)
    limit_sender(now, daily_limit=ROOM)
    road = Road(MemoryBackend(answers=[Uncertain("timeout"), Uncertain("timeout")]))

    race(campaign, road)

    assert len(road.backend.mails) == ROOM - 2
    assert Message.objects.filter(status="uncertain").count() == 2
