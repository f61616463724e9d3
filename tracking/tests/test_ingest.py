import random
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import Campaign, Message, Recipient
from campaigns.tests.factories import (
    NOON,
    CampaignFactory,
    LinkFactory,
    MessageFactory,
    RecipientFactory,
    StepFactory,
)
from tracking.ingest import drain
from tracking.models import EmailEvent, RawEvent
from tracking.tests.threads import at_once

PERSON = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.1.0"
SCANNER = "Barracuda Sentinel (EE)"
FIELDS = (
    "message",
    "campaign_recipient",
    "event_type",
    "event_data",
    "user_agent",
    "ip_address",
    "source",
    "created_at",
)


def note(message, event_type="open", *, at=NOON, agent=PERSON, link=None, **given):
    return RawEvent.objects.create(
        event_type=event_type,
        message_ref=message.pk,
        link_ref=link and link.pk,
        user_agent=agent,
        source=f"track.{event_type}",
        created_at=at,
        **given,
    )


def times(recipient):
    return Recipient.objects.values_list("opened_at", "clicked_at").get(pk=recipient.pk)


def counters(campaign):
    return Campaign.objects.values_list("emails_opened", "emails_clicked").get(pk=campaign.pk)


@pytest.mark.django_db
class TestDrain:
    def test_an_open_becomes_an_event_a_first_time_and_a_count(self):
        message = MessageFactory()
        note(message, ip_address="203.0.113.9")

        taken = drain(now=NOON)

        event = EmailEvent.objects.values(*FIELDS).get()
        assert event == {
            "message": message.pk,
            "campaign_recipient": message.recipient_id,
            "event_type": "open",
            "event_data": {},
            "user_agent": PERSON,
            "ip_address": "203.0.113.9",
            "source": "track.open",
            "created_at": NOON,
        }
        assert times(message.recipient) == (NOON, None)
        assert counters(message.recipient.campaign) == (1, 0)
        assert (taken, RawEvent.objects.count()) == (1, 0)

    def test_a_click_is_an_open_too_and_says_where_it_led(self):
        message = MessageFactory()
        link = LinkFactory(campaign=message.recipient.campaign)
        note(message, "click", link=link)

        drain(now=NOON)

        assert EmailEvent.objects.get().event_data == {"link_id": link.pk, "url": link.url}
        assert times(message.recipient) == (NOON, NOON)
        assert counters(message.recipient.campaign) == (1, 1)

    def test_a_recipient_is_counted_once_however_often_and_by_whatever_mail(self):
        first = MessageFactory()
        second = MessageFactory(recipient=first.recipient)
        for message in (first, second, first, second):
            note(message)
            note(message, "click")
            drain(now=NOON)

        assert counters(first.recipient.campaign) == (1, 1)
        assert EmailEvent.objects.count() == 8

    def test_the_earliest_time_stands_in_whatever_order_events_are_drained(self):
        message = MessageFactory()
        for hours in (5, 2, 9):
            note(message, at=NOON + timedelta(hours=hours))
            note(message, "click", at=NOON + timedelta(hours=hours + 1))
            drain(now=NOON)

        assert times(message.recipient) == (NOON + timedelta(hours=2), NOON + timedelta(hours=3))

    def test_an_earlier_click_moves_the_open_before_it(self):
        message = MessageFactory()
        note(message, at=NOON)
        drain(now=NOON)
        note(message, "click", at=NOON - timedelta(hours=1))

        drain(now=NOON)

        assert times(message.recipient) == (NOON - timedelta(hours=1), NOON - timedelta(hours=1))
        assert counters(message.recipient.campaign) == (1, 1)

    def test_machines_are_kept_apart_and_not_counted(self):
        message = MessageFactory()
        note(message, agent=SCANNER)
        note(message, "click", agent="curl/8.5.0")

        drain(now=NOON)

        assert list(EmailEvent.objects.order_by("pk").values_list("is_machine", "machine_reason")) == [
            (True, "scanner"),
            (True, "crawler"),
        ]
        assert times(message.recipient) == (None, None)
        assert counters(message.recipient.campaign) == (0, 0)

    def test_one_user_agent_may_open_for_a_person_and_not_click_for_one(self):
        message = MessageFactory()
        proxy = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
        note(message, agent=proxy)
        note(message, "click", agent=proxy)

        drain(now=NOON)

        assert list(EmailEvent.objects.order_by("pk").values_list("event_type", "machine_reason")) == [
            ("open", ""),
            ("click", "image_proxy"),
        ]

    def test_events_of_what_is_gone_are_dropped(self):
        gone, leaving = MessageFactory(), MessageFactory(recipient__campaign__deleting_at=NOON)
        note(gone)
        note(leaving)
        Campaign.objects.filter(pk=gone.recipient.campaign_id).delete()

        taken = drain(now=NOON)

        assert (taken, EmailEvent.objects.count(), RawEvent.objects.count()) == (2, 0, 0)

    def test_a_link_of_another_campaign_is_not_named(self):
        message = MessageFactory()
        note(message, "click", link=LinkFactory())

        drain(now=NOON)

        assert EmailEvent.objects.get().event_data == {}

    def test_the_oldest_go_first_and_no_more_than_the_limit(self):
        messages = [MessageFactory() for _ in range(5)]
        for message in messages:
            note(message)

        taken = [drain(now=NOON, limit=2), drain(now=NOON, limit=2)]

        assert taken == [2, 2]
        assert list(RawEvent.objects.values_list("message_ref", flat=True)) == [messages[4].pk]

    def test_nothing_waiting_costs_one_look(self, django_assert_num_queries):
        with django_assert_num_queries(3):  # and a savepoint around it
            assert drain(now=NOON) == 0

    def test_who_has_left_is_counted_all_the_same(self):
        message = MessageFactory(
            recipient__status="completed", recipient__exit_reason="completed", recipient__exited_at=NOON
        )
        note(message)

        drain(now=NOON)

        assert counters(message.recipient.campaign) == (1, 0)

    @pytest.mark.parametrize("agent", [PERSON, SCANNER])
    def test_an_open_proves_that_an_uncertain_mail_arrived(self, agent):
        message = MessageFactory(status="uncertain", sent_at=None, reason="timed_out")
        note(message, agent=agent)

        drain(now=NOON)

        message.refresh_from_db()
        assert (message.status, message.sent_at) == ("sent", NOON)
        assert Campaign.objects.get().emails_sent == 1

    def test_the_number_of_statements_does_not_grow_with_the_batch(self):
        campaign = CampaignFactory()
        step = StepFactory(campaign=campaign)
        numbers = []

        for size in (1, 20):
            for number in range(size):
                note(MessageFactory(recipient__campaign=campaign, step=step), agent=f"{PERSON} {number}")
            with CaptureQueriesContext(connection) as queries:
                drain(now=NOON)
            numbers.append(len(queries))

        assert numbers == [numbers[0]] * 2


def crowd(campaigns, recipients):
    """Messages of that many campaigns with so many recipients each, and some events of each message."""
    dice = random.Random(42)
    messages = []
    for _ in range(campaigns):
        campaign = CampaignFactory()
        step = StepFactory(campaign=campaign)
        messages += [
            MessageFactory(recipient=RecipientFactory(campaign=campaign), step=step) for _ in range(recipients)
        ]
    raw = [
        RawEvent(
            event_type=dice.choice(["open", "click"]),
            message_ref=message.pk,
            user_agent=dice.choice([PERSON, SCANNER]),
            source="test",
            created_at=NOON + timedelta(seconds=dice.randrange(10_000)),
        )
        for message in messages
        for _ in range(dice.randrange(6))
    ]
    dice.shuffle(raw)
    RawEvent.objects.bulk_create(raw)
    return messages, raw


def expected_of(raw):
    """First times by message, and how many of each, reckoned one event at a time."""
    opened, clicked = {}, {}
    for event in raw:
        if event.user_agent == PERSON:
            at, ref = event.created_at, event.message_ref
            opened[ref] = min(at, opened.get(ref, at))
            if event.event_type == "click":
                clicked[ref] = min(at, clicked.get(ref, at))
    return opened, clicked


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_drains_side_by_side_and_beside_a_sender_count_exactly(self):
        messages, raw = crowd(campaigns=4, recipients=30)
        opened, clicked = expected_of(raw)
        ids = sorted(message.recipient_id for message in messages)

        def drain_all():
            while drain(now=NOON, limit=20):
                pass

        def send():
            """What recording sent mails does: recipients by id, then messages, then the campaign."""
            for _ in range(40):
                with transaction.atomic():
                    list(Recipient.objects.filter(pk__in=ids[::7]).order_by("pk").select_for_update())
                    Message.objects.filter(recipient__in=ids[::7]).update(attempts=F("attempts") + 1)
                    for pk in sorted({message.recipient.campaign_id for message in messages}):
                        Campaign.objects.filter(pk=pk).update(emails_sent=F("emails_sent") + 1)

        at_once(drain_all, drain_all, drain_all, send)

        found = {
            message.pk: times(message.recipient) for message in messages if times(message.recipient) != (None, None)
        }
        assert found == {pk: (at, clicked.get(pk)) for pk, at in opened.items()}
        assert sum(counters(campaign)[0] for campaign in Campaign.objects.all()) == len(opened)
        assert sum(counters(campaign)[1] for campaign in Campaign.objects.all()) == len(clicked)
        assert (EmailEvent.objects.count(), RawEvent.objects.count()) == (len(raw), 0)
        assert set(Campaign.objects.values_list("emails_sent", flat=True)) == {40}

    def test_campaigns_deleted_while_their_events_are_drained_disturb_nobody(self):
        messages, _ = crowd(campaigns=8, recipients=12)
        doomed = sorted({message.recipient.campaign_id for message in messages})[::2]

        def drain_all():
            while drain(now=NOON, limit=15):
                pass

        def delete():
            for pk in doomed:
                with connection.cursor() as cursor:
                    cursor.execute("DELETE FROM campaigns WHERE id = %s", [pk])

        at_once(drain_all, drain_all, delete)

        assert RawEvent.objects.count() == 0
        assert not EmailEvent.objects.filter(campaign_recipient__campaign__in=doomed).exists()
        for campaign in Campaign.objects.all():
            assert counters(campaign)[0] == campaign.recipients.filter(opened_at__isnull=False).count()


@pytest.mark.django_db
def test_ten_thousand_events_of_as_many_user_agents_take_no_quadratic_plan():
    campaign = CampaignFactory()
    step = StepFactory(campaign=campaign)
    messages = [MessageFactory(recipient=RecipientFactory(campaign=campaign), step=step) for _ in range(50)]
    RawEvent.objects.bulk_create(
        RawEvent(
            event_type="open",
            message_ref=messages[number % 50].pk,
            user_agent=f"curl/{number}",
            source="test",
            created_at=timezone.now(),
        )
        for number in range(10_000)
    )

    started = time.perf_counter()
    taken = drain(now=NOON)

    assert (taken, EmailEvent.objects.filter(is_machine=True).count()) == (10_000, 10_000)
    assert time.perf_counter() - started < 20
