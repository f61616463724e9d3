"""What a sender sent day by day, beside its limits."""

from datetime import UTC, date, datetime, timedelta

import pytest

from campaigns.models import Message
from campaigns.sender_days import sent_by_day
from campaigns.tests.factories import CampaignFactory, MessageFactory, RecipientFactory, SenderFactory

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def sent(sender, at):
    recipient = RecipientFactory(campaign=CampaignFactory(organization=sender.organization))
    message = MessageFactory(recipient=recipient, sender=sender, sent_at=at)
    Message.objects.filter(pk=message.pk).update(created_at=at - timedelta(hours=3))


def test_mails_count_by_the_senders_own_day_and_others_nowhere():
    sender = SenderFactory(timezone="America/New_York")
    sent(sender, datetime(2026, 11, 20, 4, 59, tzinfo=UTC))
    sent(sender, datetime(2026, 11, 20, 5, 0, tzinfo=UTC))
    sent(sender, NOON - timedelta(days=40))
    sent(SenderFactory(), NOON)

    days = sent_by_day(sender, now=NOON)

    assert (len(days), days[-1].day) == (30, date(2026, 11, 20))
    assert [day.sent for day in days[-3:]] == [0, 1, 1]
    assert sum(day.sent for day in days) == 2


def test_the_limit_grows_with_the_ramp_up():
    sender = SenderFactory(daily_limit=100, ramp_start=20, ramp_increase=30, ramp_started_on=date(2026, 11, 17))

    assert [day.limit for day in sent_by_day(sender, now=NOON)[-4:]] == [20, 50, 80, 100]


def test_what_the_hours_let_through_bounds_the_day():
    hourly, both = SenderFactory(hourly_limit=10), SenderFactory(hourly_limit=10, daily_limit=100)

    assert [sent_by_day(sender, now=NOON)[-1].limit for sender in (hourly, both)] == [240, 100]


def test_without_a_limit_there_is_none():
    assert {day.limit for day in sent_by_day(SenderFactory(), now=NOON)} == {None}
