"""Windows at work: on the campaign's clock or each lead's, on holidays, across both daylight-saving changes."""

from datetime import UTC, datetime, time, timedelta
from functools import partial
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest

from campaigns import lifecycle
from campaigns.delivery.memory import ACCEPTED, MemoryBackend
from campaigns.enrollment import Selection, enroll
from campaigns.models import Campaign, Message, Recipient, Step
from campaigns.sending.clocks import set_back_closed
from campaigns.sending.work import due_campaigns, send_chunk
from campaigns.tests.factories import LeadFactory
from campaigns.tests.sending.sending import Road, ready_campaign, started_campaign
from campaigns_project.audit.actors import SYSTEM
from leads.models import Lead

pytestmark = pytest.mark.django_db
PRAGUE, TOKYO, NEW_YORK = (ZoneInfo(name) for name in ("Europe/Prague", "Asia/Tokyo", "America/New_York"))
NIGHT = {"window_start": time(2, 30), "window_end": time(5), "timezone": "Europe/Prague"}
OFFICE = {"window_start": time(9), "window_end": time(17), "timezone": "Europe/Prague"}


def at(*parts, zone=PRAGUE, fold=0):
    return datetime(*parts, tzinfo=zone, fold=fold).astimezone(UTC)


class World:
    """A clock that is put forward by hand, and a worker who looks whether anything is due."""

    def __init__(self, road=None):
        self.road = road or Road()

    def look(self, moment):
        """How many mails leave at `moment`."""
        before = len(self.road.backend.mails)
        with patch("django.utils.timezone.now", return_value=moment):
            for campaign in due_campaigns(now=moment):
                send_chunk(campaign, connections=self.road)
        return len(self.road.backend.mails) - before

    def minutes_of_mails(self, begins, *, hours, every=10):
        """When mails left, looked for again and again from `begins` on."""
        moments = [begins + timedelta(minutes=minute) for minute in range(0, hours * 60, every)]
        return [moment for moment in moments if self.look(moment)]


def test_a_slot_in_the_hour_that_is_skipped_is_sent_once_when_the_gap_ends():
    started_campaign(people=1, now=at(2026, 3, 28, 12), **NIGHT)

    assert World().minutes_of_mails(at(2026, 3, 28, 22), hours=12) == [at(2026, 3, 29, 3)]


def test_a_slot_in_the_hour_that_comes_twice_is_sent_once_the_first_time():
    started_campaign(people=1, now=at(2026, 10, 24, 12), **NIGHT)

    assert World().minutes_of_mails(at(2026, 10, 24, 22), hours=12) == [at(2026, 10, 25, 2, 30, fold=0)]


@pytest.mark.parametrize("day", [(2026, 3, 28), (2026, 10, 24)], ids=["spring", "autumn"])
def test_a_follow_up_a_day_later_leaves_at_the_same_time_of_day_across_the_change(day):
    campaign = ready_campaign(people=1, steps=2, now=at(*day, 9), counts_sending_days=True, **OFFICE)
    Step.objects.filter(position=2).update(wait_amount=1, wait_unit="days")
    lifecycle.start(campaign=campaign, actor=SYSTEM, now=at(*day, 9))

    left = World().minutes_of_mails(at(*day, 9, 30), hours=30, every=30)

    assert left == [at(*day, 9, 30), at(*day[:2], day[2] + 1, 9, 30)]


def test_nothing_leaves_on_a_holiday():
    now = at(2026, 12, 24, 9)
    started_campaign(people=1, now=now, holidays=[now.date(), now.date() + timedelta(days=1)], **OFFICE)

    assert World().minutes_of_mails(now, hours=72, every=60) == [at(2026, 12, 26, 9)]


def test_every_lead_gets_its_mail_in_its_own_office_hours():
    now = at(2026, 11, 23, 0)
    campaign = lead_campaign(now, "Asia/Tokyo", "America/New_York", "")
    world = World()

    left = world.minutes_of_mails(now, hours=24, every=60)

    # Tokyo opens at one in the morning in Prague, whoever has no zone goes by Prague, New York opens at three.
    assert left == [at(2026, 11, 23, 9, zone=TOKYO), at(2026, 11, 23, 9), at(2026, 11, 23, 9, zone=NEW_YORK)]
    assert Message.objects.filter(recipient__campaign=campaign, status="sent").count() == 3


def test_who_sleeps_is_due_when_the_own_window_opens_and_wakes_nobody_before():
    now = at(2026, 11, 23, 12)
    lead_campaign(now, "Asia/Tokyo")  # there it is eight in the evening

    assert World().look(now) == 0

    assert Recipient.objects.get().next_send_at == at(2026, 11, 24, 9, zone=TOKYO)
    assert due_campaigns(now=now + timedelta(hours=1)) == []


def test_more_sleepers_than_are_looked_at_together_keep_nobody_from_a_mail():
    now = at(2026, 11, 23, 12)
    campaign = lead_campaign(now, *(3 * ["Asia/Tokyo"]), "Europe/Prague")
    with patch("campaigns.sending.clocks.FRONT", 2):
        assert set_back_closed(campaign, now=now) == 3

    assert World().look(now) == 1


def test_a_lead_whose_window_closes_while_the_chunk_is_sent_waits_for_the_next_one():
    now = at(2026, 11, 23, 16, 59)
    campaign = lead_campaign(now, *(20 * ["Europe/Prague"]), *(3 * ["America/New_York"]))

    def closing():
        yield ACCEPTED
        Campaign.objects.update(window_end=time(12))  # in Prague it is five, in New York eleven
        yield from iter(partial(lambda: ACCEPTED), None)

    with patch("campaigns.sending.deliver.LOOK_EVERY", 0.0):  # as if each slice took so long
        assert World(Road(MemoryBackend(answers=closing()))).look(now) == 8

    waiting = Recipient.objects.exclude(status="completed")
    assert set(waiting.values_list("next_send_at", "lead__timezone")) == {(at(2026, 11, 24, 9), "Europe/Prague")}
    assert waiting.count() == campaign.total_recipients - 8


def test_sending_days_of_the_wait_are_those_of_the_lead():
    thursday = at(2026, 11, 19, 15, 30, zone=NEW_YORK)
    campaign = ready_campaign(
        people=0, steps=2, now=thursday, window_zone="lead", counts_sending_days=True, sending_days=[1, 2, 3, 4, 5],
        timezone="Asia/Tokyo",
    )  # fmt: skip
    Step.objects.filter(position=2).update(wait_amount=1, wait_unit="days")
    enroll_people(campaign, ["America/New_York", "Asia/Tokyo"], thursday)
    lifecycle.start(campaign=campaign, actor=SYSTEM, now=thursday)

    World().look(thursday)  # in Tokyo it is Friday

    assert dict(Recipient.objects.values_list("lead__timezone", "next_send_at")) == {
        "America/New_York": at(2026, 11, 20, 15, 30, zone=NEW_YORK),
        "Asia/Tokyo": at(2026, 11, 23, 5, 30, zone=TOKYO),
    }


def test_the_first_wait_counts_the_sending_days_of_each_lead_too():
    friday = at(2026, 11, 20, 8, zone=TOKYO)  # in New York it is still Thursday
    campaign = ready_campaign(
        people=0, now=friday, window_zone="lead", counts_sending_days=True, sending_days=[1, 2, 3, 4, 5]
    )
    Step.objects.update(wait_amount=1, wait_unit="days")
    enroll_people(campaign, ["America/New_York"], friday)
    lifecycle.start(campaign=campaign, actor=SYSTEM, now=friday)
    enroll_people(Campaign.objects.get(), ["Asia/Tokyo"], friday)

    assert dict(Recipient.objects.values_list("lead__timezone", "next_send_at")) == {
        "America/New_York": at(2026, 11, 20, 18, zone=NEW_YORK),
        "Asia/Tokyo": at(2026, 11, 23, 8, zone=TOKYO),
    }


def lead_campaign(now, *zones):
    """A running campaign in office hours on the clocks of its leads, of whom there is one in each of `zones`."""
    campaign = ready_campaign(people=0, now=now, window_zone="lead", **OFFICE)
    enroll_people(campaign, zones, now)
    return lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)


def enroll_people(campaign, zones, now):
    before = set(Lead.objects.values_list("pk", flat=True))
    for zone in zones:
        LeadFactory(organization=campaign.organization, timezone=zone)
    new = tuple(Lead.objects.exclude(pk__in=before).values_list("pk", flat=True))
    enroll(campaign=campaign, selection=Selection(lead_ids=new), actor=SYSTEM, now=now)
