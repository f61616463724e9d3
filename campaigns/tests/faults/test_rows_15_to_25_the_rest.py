"""docs/faults.md, rows 15 to 25: clocks, news in mid-send, webhooks, poison, full disks, schedules.

Row 21 (an ESP answers 429 or 503) stands with the ESP backend, row 23 (limits raced by many workers) with the limits.
Rows 18 and 19 come by the webhook of an e-mail service; each service's own format is tried in tracking/tests/inbound.
"""

import signal
import threading
from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from campaigns import lifecycle, tokens
from campaigns.enrollment.stop import de_enroll
from campaigns.ledger import ledger
from campaigns.models import Campaign, Message, Recipient, Variant
from campaigns.sending.recover import recover
from campaigns.sending.work import due_campaigns
from campaigns.tests.delivery.fault_server import When
from campaigns.tests.factories import EventFactory, MessageFactory
from campaigns.tests.faults.engine import (
    campaign_status,
    end_leases,
    message,
    message_ids,
    recipient,
    send,
    statuses,
    taken_once,
)
from campaigns.tests.faults.workers import held_back_while_making, is_held_back, until_gates_are_old, worker
from campaigns.tests.sending.sending import ready_campaign, started_campaign
from campaigns.tokens import Purpose
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.processes import stop, wait_until
from leads.models import Lead, SuppressionReason
from leads.suppression import suppress
from tracking.consequences import record_event, unsubscribe
from tracking.inbound.retry import retry
from tracking.ingest import drain
from tracking.models import EmailEvent, EventType, InboundWebhook, RawEvent
from tracking.tests.inbound.services import complaint, hard_bounce, mail_of, post, sender_of, settle_all

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
real = pytest.mark.django_db(transaction=True)
rows = pytest.mark.django_db

# Row 15: clocks.

PRAGUE = {"timezone": "Europe/Prague", "window_start": time(2, 30), "window_end": time(2, 40)}


def minutes_open(campaign, first, last):
    """The minutes between two moments at which the campaign may send."""
    moments = (first + timedelta(minutes=number) for number in range(int((last - first).total_seconds() // 60)))
    return [moment for moment in moments if campaign in due_campaigns(now=moment)]


@rows
def test_row_15_a_slot_in_the_hour_that_is_skipped_comes_at_the_next_valid_time(now):
    long_ago = datetime(2026, 3, 1, tzinfo=UTC)
    campaign = started_campaign(people=1, now=long_ago, **{**PRAGUE, "window_end": time(3, 10)})

    opened = minutes_open(campaign, datetime(2026, 3, 29, 0, 0, tzinfo=UTC), datetime(2026, 3, 29, 6, 0, tzinfo=UTC))

    assert (opened[0], len(opened)) == (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), 10)  # 3:00 to 3:10 in Prague


@rows
def test_row_15_a_slot_in_the_hour_that_comes_twice_comes_once(now):
    long_ago = datetime(2026, 10, 1, tzinfo=UTC)
    campaign = started_campaign(people=1, now=long_ago, **PRAGUE)

    opened = minutes_open(campaign, datetime(2026, 10, 24, 23, 0, tzinfo=UTC), datetime(2026, 10, 25, 6, 0, tzinfo=UTC))

    assert (opened[0], len(opened)) == (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), 10)


@real
@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(days=400)])
def test_row_15_a_machine_whose_clock_jumps_takes_nobodys_work(now, facing, tmp_path, jump):
    campaign = started_campaign(people=3, now=now)
    answer = threading.Event()
    with facing(dot=[When(answer)]) as server, worker(server, tmp_path) as process:
        wait_until(lambda: server.mails, "the first mail is at the server")
        before = statuses()

        assert recover(now=timezone.now() + jump) == 0
        assert statuses() == before

        answer.set()
        process.wait(60)

    assert (taken_once(server), ledger(campaign).sent) == (3, 3)


# Row 16: out between claim and send. Row 17: the campaign is deleted meanwhile.


@real
def test_row_16_whoever_leaves_between_claim_and_send_is_skipped_with_the_reason(now, facing, tmp_path):
    campaign = started_campaign(people=9, now=now)
    answer = threading.Event()
    with facing(dot=[When(answer)]) as server, worker(server, tmp_path) as process:
        wait_until(lambda: server.mails, "the first mail is at the server")
        first = Message.objects.get(message_id=message_ids(server.mails)[0]).recipient_id
        wishing, replying, bounced, complaining, suppressed_one, out, deleted, gone = Recipient.objects.exclude(
            pk=first
        ).order_by("pk")
        unsubscribe(message_id=wishing.messages.get().pk, source="test", now=now)
        tell(replying, EventType.REPLY, at=now)
        tell(bounced, EventType.BOUNCE, at=now, data={"kind": "hard"})
        tell(complaining, EventType.COMPLAIN, at=now)
        suppress(
            organization=campaign.organization,
            address=suppressed_one.email_address,
            reason=SuppressionReason.MANUAL,
        )
        de_enroll(recipient=out, actor=SYSTEM, now=now)
        delete("campaign_recipients", deleted.pk)
        delete("leads", gone.lead_id)
        until_gates_are_old()
        answer.set()
        process.wait(60)

    assert len(server.mails) == 1
    assert sorted(Message.objects.values_list("status", "reason")) == [
        ("sent", ""),
        *(
            ("skipped", reason)
            for reason in ("complained", "de_enrolled", "hard_bounce", "replied", "suppressed", "unsubscribed")
        ),
    ]
    assert (ledger(campaign).adds_up, ledger(campaign).in_flight) == (True, 0)


@real
@pytest.mark.parametrize("leaves", [False, True], ids=["stays", "leaves"])
def test_row_16_a_mail_the_server_makes_wait_before_its_content_is_asked_about_again(now, facing, tmp_path, leaves):
    started_campaign(people=1, now=now)
    go_on = threading.Event()
    with facing(data=[When(go_on)]) as server, worker(server, tmp_path) as process:
        wait_until(lambda: "DATA" in server.verbs(), "it waits for the 354")
        until_gates_are_old()
        if leaves:
            de_enroll(recipient=Recipient.objects.get(), actor=SYSTEM, now=now)
        go_on.set()
        process.wait(60)

    assert (len(server.mails), server.connections) == (0 if leaves else 1, 1)
    assert message() == (("skipped", "de_enrolled") if leaves else ("sent", ""))


@real
def test_row_17_after_a_campaign_is_deleted_in_mid_send_the_mail_in_flight_ends_and_no_row_comes_back(
    now, facing, tmp_path
):
    campaign = started_campaign(people=8, steps=2, now=now)
    answer = threading.Event()
    with facing(dot=[When(answer)]) as server, worker(server, tmp_path) as process:
        wait_until(lambda: server.mails, "the first mail is at the server")
        delete("campaigns", campaign.pk)
        until_gates_are_old()
        answer.set()

        assert process.wait(60) == 0

    assert (len(server.taken), server.verbs()[-1]) == (1, "QUIT")
    assert (Campaign.objects.count(), Recipient.objects.count(), Message.objects.count()) == (0, 0, 0)
    assert recover(now=now) == 0


def tell(recipient, event_type, **what):
    return record_event(recipient=recipient, event_type=event_type, source="test", **what)


def delete(table, pk):
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE id = %s", [pk])


# Row 18: the same news twice, or out of order. Row 19: of nobody we know.


def heard(client, sender, *contents):
    """What Postmark reports, and the next turn of the tick."""
    answers = [post(client, sender, content).status_code for content in contents]
    settle_all()
    return answers


@rows
def test_row_18_the_same_webhook_twice_is_one_event(client):
    sender = sender_of("postmark")
    told = complaint(mail_of(sender))

    answers = [*heard(client, sender, told, told), *heard(client, sender, {**told, "Tag": "sent again, otherwise"})]

    assert (answers, EmailEvent.objects.count()) == ([200, 200, 200], 1)
    assert recipient() == ("complained", "complained")


@rows
@pytest.mark.parametrize("is_late", [False, True])
def test_row_18_the_state_follows_rank_and_never_arrival(now, client, is_late):
    sender = sender_of("postmark")
    sent = mail_of(sender)
    contents = [hard_bounce("postmark", sent), complaint(sent, at="2026-01-01T12:00:00Z")]

    for content in reversed(contents) if is_late else contents:
        heard(client, sender, content)
    unsubscribe(message_id=sent.pk, source="test", now=now)
    client.get(f"/t/{tokens.sign(Purpose.OPEN, sent.pk)}/open", headers=BROWSER)
    drain(now=now)

    assert recipient() == ("complained", "complained")
    assert EmailEvent.objects.count() == 4
    assert Recipient.objects.get().opened_at is not None


@rows
def test_row_19_news_of_a_mail_nobody_knows_is_put_aside_and_counted_once_it_is_known(now, client):
    sender = sender_of("postmark")
    ours = {"address": "late@example.org", "message_id": "<not.yet@fairlead.example>"}
    gone, theirs = mail_of(sender, **ours), MessageFactory()
    told = [complaint(gone), complaint(theirs, number=43)]
    gone.recipient.campaign.delete()

    answers = heard(client, sender, *told)

    assert answers == [200, 200]
    assert (EmailEvent.objects.count(), InboundWebhook.objects.filter(reason="unknown_message").count()) == (0, 2)
    mail_of(sender, **ours)
    tried = [retry(webhook=each, actor=SYSTEM, now=now).status for each in InboundWebhook.objects.order_by("pk")]
    assert tried == ["settled", "quarantined"]
    assert EmailEvent.objects.get().campaign_recipient.exit_reason == "complained"
    assert Recipient.objects.get(pk=theirs.recipient_id).exit_reason == ""


@rows
def test_row_19_an_open_of_a_message_nobody_knows_is_answered_and_harms_nobody(now, client):
    ours = EventFactory()

    answer = client.get(f"/t/{tokens.sign(Purpose.OPEN, 10**9)}/open")
    drained = drain(now=now)

    assert (answer.status_code, drained) == (200, 1)
    assert list(EmailEvent.objects.all()) == [ours]
    assert RawEvent.objects.count() == 0


# Row 20: poison.


@rows
def test_row_20_a_mail_that_cannot_be_made_fails_with_the_reason_and_the_others_go_on(now, facing):
    campaign = started_campaign(people=3, now=now)
    nameless = Lead.objects.order_by("pk").first()
    Lead.objects.filter(pk=nameless.pk).update(first_name="")
    with facing() as server:
        send()

    assert (taken_once(server), ledger(campaign).sent) == (2, 2)
    assert message(status="failed") == ("failed", "merge_value_missing")
    assert recipient(lead=nameless) == ("failed", "failed")


@real
def test_row_20_a_mail_that_takes_three_workers_with_it_is_set_aside_and_the_others_go_on(now, facing, tmp_path):
    poisonous = started_campaign(people=1, now=now, priority=9)
    with facing() as server:
        for claims in (1, 2, 3):
            with held_back_while_making(), worker(server, tmp_path) as process:
                wait_until(lambda number=claims: is_held_back() and is_claimed(attempts=number), "it is made")
                stop(process, signal.SIGKILL)
        good = started_campaign(people=2, now=now)
        while send():
            pass

    assert message(recipient__campaign=poisonous) == ("failed", "poison")
    assert recipient(campaign=poisonous) == ("failed", "failed")
    assert (ledger(good).sent, taken_once(server)) == (2, 2)


def is_claimed(*, attempts):
    return Message.objects.filter(status="claimed", attempts=attempts).exists()


# Row 22: no room on the disk, no memory.


@real
@pytest.mark.parametrize("room", [0, 60, 400])
def test_row_22_a_disk_that_is_full_keeps_no_journal_and_stops_no_mail(now, facing, tmp_path, room):
    campaign = started_campaign(people=20, steps=2, now=now)
    with facing() as server, worker(server, tmp_path, str(room)) as process:
        process.wait(60)

    assert (taken_once(server), ledger(campaign).sent) == (40, 40)
    assert not list(tmp_path.rglob("*.journal"))


@real
def test_row_22_of_a_worker_on_a_full_disk_that_is_killed_nothing_is_believed(now, facing, tmp_path):
    campaign = started_campaign(people=8, now=now)
    answer = threading.Event()
    with facing(dot=[None, When(answer)]) as server, worker(server, tmp_path, "0") as process:
        wait_until(lambda: len(server.mails) == 2, "the second mail is at the server")
        before = statuses()
        stop(process, signal.SIGKILL)
        answer.set()
        assert send() == 0

        end_leases()
        while send():
            pass

    assert taken_once(server) == 2 + before["claimed"]
    assert (ledger(campaign).uncertain, ledger(campaign).sent) == (before["sending"], before["claimed"])


@real
def test_row_22_a_worker_out_of_memory_sends_nothing_twice_and_loses_nothing(now, facing, tmp_path):
    campaign = ready_campaign(people=120, now=now)
    Variant.objects.update(body_text="Hello {{ first_name }}. " + "News of a long year. " * 10_000, body_html="")
    lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)
    with facing() as server, worker(server, tmp_path, "-1", "8000000") as process:
        process.wait(60)
        before = ledger(campaign)
        if campaign_status() == "paused":
            lifecycle.resume(campaign=campaign, actor=SYSTEM, now=timezone.now())

        end_leases()
        while send():
            pass

    assert before.sent < 120
    assert (taken_once(server), ledger(campaign).sent, ledger(campaign).uncertain) == (120, 120, 0)


# Row 25: the system was down when its hour came.


@rows
@pytest.mark.parametrize(("late", "status"), [(timedelta(hours=23), "running"), (timedelta(hours=25), "paused")])
def test_row_25_a_missed_hour_starts_late_within_a_day_and_waits_for_a_person_after(now, facing, late, status):
    hour = now - late
    campaign = ready_campaign(people=2, now=hour - timedelta(hours=2))
    lifecycle.schedule(campaign=campaign, at=hour, actor=SYSTEM, now=hour - timedelta(hours=1))

    lifecycle.start_due(now=now)
    with facing() as server:
        send()

    assert campaign_status() == status
    if status == "paused":
        assert server.connections == 0
        assert AuditLog.objects.get(action="campaign.paused").after["code"] == "missed_schedule"
    else:
        assert taken_once(server) == 2
