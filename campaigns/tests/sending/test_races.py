"""Workers and people who want the same rows in the same moment: nobody is left waiting, nothing that was sent is lost.

Each race is put together by hand: the test holds a row that all of them need in the middle of their work, waits until
everybody stands in line, and lets go.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier, Event

import pytest
from django.db import connection, transaction
from django.utils import timezone

from campaigns import lifecycle, steps
from campaigns.delivery.memory import ACCEPTED, MemoryBackend
from campaigns.delivery.outcomes import Kind, Refused, Stage
from campaigns.enrollment import stop_recipient
from campaigns.errors import SnapshotChanged
from campaigns.lifecycle.begin import Overdue
from campaigns.models import Campaign, ExitReason, Message, Recipient, Variant
from campaigns.sending.work import send_chunk
from campaigns.tests.factories import OrganizationFactory, VariantFactory
from campaigns.tests.sending.sending import Road, ready_campaign, started_campaign
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.errors import StateRefused
from campaigns_project.tests.processes import wait_until
from campaigns_project.tests.sessions import waiting_for_locks
from leads.models import Lead, Suppression, SuppressionReason
from leads.suppression import suppress
from tracking.consequences import unsubscribe
from tracking.locks import hold_against_deletion

pytestmark = pytest.mark.django_db(transaction=True)
DEAD = Refused(550, "5.1.1 no such user", Stage.RCPT, Kind.ADDRESS_DEAD)
PATIENCE = 10.0  # seconds until a race that does not come about fails the test


@pytest.fixture
def now():
    return timezone.now()


def meet(*acts, behind, in_turn=True):
    """Hold the rows `behind` which `acts` get into line, until all of them wait for a lock; then let go.

    With `in_turn` each is started once the one before waits. Their answers, in order; what one of them raises is raised
    here.
    """
    with ThreadPoolExecutor(len(acts)) as pool:
        with transaction.atomic():
            list(behind.order_by("pk").select_for_update(no_key=True).values_list("pk"))
            started = []
            for act in acts:
                started.append(pool.submit(alone, act))
                if in_turn:
                    wait_for_waiters(len(started))
            wait_for_waiters(len(started))
        return [future.result(timeout=PATIENCE) for future in started]


def alone(act):
    """Do it, and close this thread's connection to the database."""
    try:
        return act()
    finally:
        connection.close()


def wait_for_waiters(number):
    """Until so many sessions of this database wait for a lock."""
    wait_until(lambda: waiting_for_locks() >= number, f"{number} sessions wait for a lock")


def worker(campaign, road):
    return partial(send_chunk, campaign, connections=road)


def dead_end():
    """A road on which the first address is dead."""
    return Road(MemoryBackend(answers=[DEAD]))


def test_a_bounce_and_a_suppression_of_the_same_address_do_not_block_each_other_and_the_weightier_stands(now):
    campaign = started_campaign(people=5, now=now)
    address = Recipient.objects.order_by("next_send_at", "pk").first().email_address

    meet(
        worker(campaign, dead_end()),
        partial(suppress, organization=campaign.organization, address=address, reason=SuppressionReason.UNSUBSCRIBED),
        behind=Campaign.objects.all(),
    )

    assert sorted(Message.objects.values_list("status", flat=True)) == ["failed", "sent", "sent", "sent", "sent"]
    assert Recipient.objects.get(email_address=address).status == "bounced"
    assert Suppression.objects.values_list("address", "reason").get() == (address, "unsubscribed")


def test_an_unsubscribe_and_a_suppression_of_the_same_person_do_not_block_each_other(now):
    campaign = started_campaign(people=1, steps=2, now=now)
    send_chunk(campaign, connections=Road())
    message = Message.objects.select_related("recipient").get()
    address = message.recipient.email_address

    meet(
        partial(unsubscribe, message_id=message.pk, source="test", now=now),
        partial(suppress, organization=campaign.organization, address=address, reason=SuppressionReason.MANUAL),
        behind=Campaign.objects.all(),
    )

    assert Recipient.objects.get().status == "unsubscribed"
    assert Suppression.objects.get().reason == "unsubscribed"
    assert Campaign.objects.values_list("active_leads_count", "opted_out_count").get() == (0, 1)


def test_an_unsubscribe_from_one_campaign_and_a_bounce_in_another_do_not_block_each_other(now):
    organization = OrganizationFactory(allows_overlap=True)
    first = started_campaign(people=1, steps=2, organization=organization, now=now)
    send_chunk(first, connections=Road())
    second = started_campaign(people=0, organization=organization, now=now)
    message = Message.objects.get()

    meet(
        worker(second, dead_end()),
        partial(unsubscribe, message_id=message.pk, source="test", now=now),
        behind=Campaign.objects.filter(pk=second.pk),
    )

    assert not Recipient.objects.filter(exit_reason="").exists()
    assert Lead.objects.get().status == "unsubscribed"
    assert sorted(Message.objects.values_list("status", flat=True)) == ["failed", "sent"]


def test_two_campaigns_may_hear_of_the_same_dead_address_at_once(now):
    organization = OrganizationFactory(allows_overlap=True)
    first = started_campaign(people=1, organization=organization, now=now)
    second = started_campaign(people=0, organization=organization, now=now)
    at_the_server = Barrier(2)

    def dead_for_both():
        at_the_server.wait(PATIENCE)
        yield DEAD

    roads = [Road(MemoryBackend(answers=dead_for_both())) for _ in range(2)]

    meet(worker(first, roads[0]), worker(second, roads[1]), behind=Campaign.objects.all(), in_turn=False)

    assert set(Message.objects.values_list("status", "reason")) == {("failed", "address_dead")}
    assert list(Recipient.objects.values_list("exit_reason", flat=True)) == ["hard_bounce", "hard_bounce"]
    assert Suppression.objects.count() == 1


def test_what_the_server_accepted_is_recorded_even_if_the_database_ends_the_transaction_for_a_deadlock(now):
    campaign = started_campaign(people=5, now=now)
    gated, in_line = Event(), Event()

    def answers():
        for number in range(5):
            if number == 4:
                gated.set()
                assert in_line.wait(PATIENCE)
            yield ACCEPTED

    def stand_between():
        """Keep the worker, which has the recipients by then, from going on to the campaign until all are in line."""
        assert gated.wait(PATIENCE)
        with transaction.atomic():
            list(Message.objects.select_for_update())
            in_line.set()
            wait_for_waiters(2)

    road = Road(MemoryBackend(answers=answers()))
    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic(), connection.cursor() as cursor:
            # Whoever waits for so long looks for a deadlock: never we, but the worker, which closes the circle.
            cursor.execute("SET LOCAL deadlock_timeout = '1min'")
            Campaign.objects.select_for_update(no_key=True).get()
            settled = pool.submit(alone, worker(campaign, road))
            between = pool.submit(alone, stand_between)
            wait_for_waiters(1)
            list(Recipient.objects.select_for_update(no_key=True))  # the wrong way round
        between.result(timeout=PATIENCE)
        assert settled.result(timeout=PATIENCE) == 5

    assert len(road.backend.mails) == Message.objects.filter(status="sent").count() == 5
    assert Campaign.objects.get().emails_sent == 5


def test_what_the_gate_says_after_a_long_wait_is_old_news(now, monkeypatch):
    monkeypatch.setattr("campaigns.sending.deliver.VALID_FOR", 0.3)
    campaign = started_campaign(people=1, now=now)
    recipient = Recipient.objects.get()
    begun, held = Event(), Event()

    class SlowServer(MemoryBackend):
        def deliver(self, envelope, *, before_data=None):
            begun.set()
            assert held.wait(PATIENCE)
            time.sleep(0.4)  # so that the gate has to be asked again
            return super().deliver(envelope, before_data=before_data)

    road = Road(SlowServer())
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(alone, worker(campaign, road))
        assert begun.wait(PATIENCE)
        with transaction.atomic():
            list(Message.objects.select_for_update())
            held.set()
            wait_for_waiters(1)
            pool_of_one(partial(stop_recipient, recipient.pk, reason=ExitReason.UNSUBSCRIBED, at=now))
            time.sleep(0.4)
        sending.result(timeout=PATIENCE)

    assert road.backend.mails == []
    assert Message.objects.values_list("status", "reason").get() == ("skipped", "unsubscribed")


def pool_of_one(act):
    """Do it over a connection of its own, and commit."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(alone, act).result(timeout=PATIENCE)


@pytest.mark.parametrize("verb", ["start", "resume"])
def test_somebody_who_leaves_while_the_campaign_begins_does_not_stand_in_its_way(now, verb):
    campaign = ready_campaign(people=2, now=now)
    if verb == "resume":
        campaign = lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)
        campaign = lifecycle.pause(campaign=campaign, actor=SYSTEM, now=now)
    begin = {
        "start": lifecycle.start,
        "resume": partial(lifecycle.resume, overdue=Overdue.SHIFT),
    }[verb]
    leaving = Recipient.objects.first()

    meet(
        partial(begin, campaign=campaign, actor=SYSTEM, now=now + timedelta(minutes=1)),
        partial(stop_recipient, leaving.pk, reason=ExitReason.UNSUBSCRIBED, at=now),
        behind=Campaign.objects.all(),
    )

    assert Campaign.objects.values_list("status", "active_leads_count").get() == ("running", 1)
    assert sorted(Recipient.objects.values_list("status", flat=True)) == ["pending", "unsubscribed"]


def test_a_resume_does_not_wait_for_opens_that_are_being_counted(now):
    campaign = ready_campaign(people=2, now=now)
    campaign = lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)
    campaign = lifecycle.pause(campaign=campaign, actor=SYSTEM, now=now)
    later = now + timedelta(minutes=1)

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        hold_against_deletion([campaign.pk])  # then they take recipients, as a resume has by then
        act = partial(lifecycle.resume, campaign=campaign, overdue=Overdue.SHIFT, actor=SYSTEM, now=later)
        resumed = pool.submit(alone, act).result(timeout=PATIENCE)

    assert resumed.status == "running"


def test_an_unsubscribe_is_not_lost_when_the_database_ends_it_for_a_deadlock(now):
    campaign = started_campaign(people=1, steps=2, now=now)
    send_chunk(campaign, connections=Road())
    act = partial(unsubscribe, message_id=Message.objects.get().pk, source="test", now=now)

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL deadlock_timeout = '1min'")  # longer than the other: it is the one to give way
            Campaign.objects.select_for_update(no_key=True).get()
            told = pool.submit(alone, partial(patient, act))
            wait_for_waiters(1)
            list(Recipient.objects.select_for_update(no_key=True))  # the wrong way round
        assert told.result(timeout=PATIENCE).is_first

    assert Recipient.objects.get().status == "unsubscribed"


def patient(act):
    """Do it over a connection that looks for a deadlock only when whoever makes one surely has done so."""
    with connection.cursor() as cursor:
        cursor.execute("SET deadlock_timeout = '3s'")
    return act()


def test_a_wording_edited_in_the_moment_of_the_start_is_not_sent_unchecked(now):
    campaign = ready_campaign(people=1, now=now)
    variant = Variant.objects.get()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            steps.edit_variant(variant=variant, changes={"subject": "Hello {{ company }}"}, actor=SYSTEM)
            started = pool.submit(alone, partial(lifecycle.start, campaign=campaign, actor=SYSTEM, now=now))
            wait_for_waiters(1)
        with pytest.raises(SnapshotChanged):
            started.result(timeout=PATIENCE)

    assert Campaign.objects.get().status == "draft"
    assert Recipient.objects.get().next_send_at is None


def test_of_two_variants_switched_off_at_once_one_stays_on(now):
    step = started_campaign(people=1, now=now).steps.get()
    VariantFactory(step=step, label="B")

    def switch_off(variant):
        try:
            steps.edit_variant(variant=variant, changes={"is_active": False}, actor=SYSTEM)
        except StateRefused as refused:
            return refused.code
        return "off"

    answers = meet(*[partial(switch_off, variant) for variant in step.variants.all()], behind=Variant.objects.all())

    assert sorted(answers) == ["last_variant", "off"]
    assert step.variants.filter(is_active=True).count() == 1
