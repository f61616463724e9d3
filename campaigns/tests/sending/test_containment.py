"""One broken campaign, sender, link or mail costs nobody else anything."""

import logging
import math
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from campaigns import lifecycle, steps
from campaigns.delivery.memory import MemoryBackend
from campaigns.delivery.outcomes import Kind, NotSent, Refused, SenderFault, Stage
from campaigns.ledger import ledger
from campaigns.models import Campaign, Message, Recipient, Sender, Variant
from campaigns.sending.claim import Wordings, claim
from campaigns.sending.connections import Connections
from campaigns.sending.gate import GateRefusal
from campaigns.sending.journal import Journal, left_behind
from campaigns.sending.record import record
from campaigns.sending.recover import recover
from campaigns.sending.settle import MOST_BREAKS, not_now, refused_at_gate
from campaigns.sending.work import Stream, able_senders, send_chunk, send_round, work
from campaigns.tests.delivery.fault_server import FaultServer, Say
from campaigns.tests.factories import NOON, SenderFactory
from campaigns.tests.sending.leases import age_leases
from campaigns.tests.sending.sending import Road, ready_campaign, send_all, started_campaign
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from leads.models import Lead

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def server(settings):
    """The SMTP server all mails of the sandbox go to."""
    with FaultServer() as running:
        settings.SANDBOX_SMTP_HOST, settings.SANDBOX_SMTP_PORT = "127.0.0.1", running.port
        yield running


def lose_a_worker(campaign, now):
    """A chunk is claimed, and its worker never heard of again."""
    senders = list(able_senders(campaign, now=now).values())
    claim(campaign=campaign, wordings=Wordings.of(campaign), senders=senders, limit=100, now=now)
    age_leases()
    recover(now=now)


def test_a_campaign_that_breaks_the_worker_is_paused_and_the_others_send(now, server, caplog):
    broken = started_campaign(people=1, now=now, priority=9)
    Variant.objects.filter(step__campaign=broken).update(body_html="<p>{{ custom.note | default: 'Hello' }}</p>")
    Lead.objects.filter(organization=broken.organization).update(custom=["not a mapping"])
    good = started_campaign(people=1, now=now)

    with caplog.at_level(logging.CRITICAL, "campaigns.sending.work"):
        settled = work(lane=1)

    broken.refresh_from_db()
    assert (settled, ledger(good).sent, len(server.mails)) == (1, 1, 1)
    assert (broken.status, bool(broken.status_error), "Resume" in broken.status_message) == ("paused", True, True)


def test_a_time_zone_that_this_machine_does_not_know_pauses_its_campaigns_and_the_others_send(now, server, caplog):
    """They come and go with releases of the operating system."""
    by_window, by_limit = started_campaign(people=1, now=now), started_campaign(people=1, now=now)
    Campaign.objects.filter(pk=by_window.pk).update(timezone="Mars/Olympus", sending_days=[1, 2, 3, 4, 5, 6, 7])
    Sender.objects.filter(organization=by_limit.organization).update(timezone="Mars/Olympus", daily_limit=5)
    good = started_campaign(people=1, now=now)

    with caplog.at_level(logging.CRITICAL, "campaigns.sending.work"):
        settled = work(lane=1)

    assert (settled, ledger(good).sent, len(server.mails)) == (1, 1, 1)
    assert dict(Campaign.objects.values_list("pk", "status")) == {
        by_window.pk: "paused",
        by_limit.pk: "paused",
        good.pk: "running",
    }


def test_a_campaign_that_breaks_the_check_at_its_hour_is_paused_and_the_others_start(now, caplog):
    broken, good = ready_campaign(people=1, now=now), ready_campaign(people=1, now=now)
    for campaign in (broken, good):
        lifecycle.schedule(campaign=campaign, at=now + timedelta(hours=1), actor=SYSTEM, now=now)
    Lead.objects.filter(organization=broken.organization).update(custom=["not a mapping"])

    with caplog.at_level(logging.CRITICAL, "campaigns.lifecycle.schedule"):
        started = lifecycle.start_due(now=now + timedelta(hours=1))

    broken.refresh_from_db()
    good.refresh_from_db()
    assert (started, good.status) == (1, "running")
    assert (broken.status, broken.status_code, broken.status_error) == ("paused", "start_refused", "AttributeError")


def test_a_sender_whose_address_cannot_stand_in_a_mail_is_paused_and_the_others_send(now, server):
    broken = started_campaign(people=1, now=now, priority=9)
    Sender.objects.update(email='"a b"@acme.example')
    good = started_campaign(people=1, now=now)

    settled = work(lane=1)

    broken.refresh_from_db()
    sender = Sender.objects.get(organization=broken.organization)
    assert (settled, ledger(good).sent, len(server.mails)) == (1, 1, 1)
    assert (sender.status, sender.status_reason.partition(":")[0]) == ("paused", "invalid_address")
    assert (broken.status, ledger(broken).waiting) == ("paused", 1)


def test_a_sender_whose_domain_leaves_no_room_for_a_message_id_is_paused_and_the_others_send(now, server):
    broken = started_campaign(people=1, now=now, priority=9)
    Sender.objects.update(email=f"a@{'.'.join(['d' * 60] * 3)}.example")
    good = started_campaign(people=1, now=now)

    settled = work(lane=1)

    broken.refresh_from_db()
    sender = Sender.objects.get(organization=broken.organization)
    assert (settled, ledger(good).sent, broken.status) == (1, 1, "paused")
    assert "longer than 180 characters" in sender.status_reason


def test_by_a_clock_that_is_not_known_here_nothing_leaves_and_the_others_send(now, server):
    """The zones were set where more of them were known: nobody can tell whose window is open, nor whose day is over."""
    without_window, without_day, good = (started_campaign(people=1, now=now) for _ in range(3))
    Campaign.objects.filter(pk=without_window.pk).update(timezone="Africa/Nowhere")
    lost = Sender.objects.filter(organization=without_day.organization)
    lost.update(timezone="Africa/Nowhere", daily_limit=5)

    work(lane=1)
    work(lane=1)

    paused = {each.pk: each.status_code for each in Campaign.objects.filter(status="paused")}
    assert paused == {without_window.pk: "timezone_unknown", without_day.pk: "no_sender"}
    assert list(lost.values_list("status", "status_reason")) == [("paused", "timezone_unknown: Africa/Nowhere")]
    assert [ledger(each).sent for each in (without_window, without_day, good)] == [0, 0, 1]


def test_a_value_the_database_refuses_pauses_its_campaign_and_the_others_send(now, server, caplog):
    broken = started_campaign(people=1, now=now, priority=9)
    good = started_campaign(people=1, now=now)
    with connection.cursor() as cursor:
        cursor.execute(_TOO_LONG, [broken.pk])

    with caplog.at_level(logging.CRITICAL, "campaigns.sending.work"):
        settled = work(lane=1)

    broken.refresh_from_db()
    assert (settled, ledger(good).sent) == (1, 1)
    assert (broken.status, broken.status_code, broken.status_error) == ("paused", "sending_error", "DataError")


_TOO_LONG = """
CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.campaign_id = TG_ARGV[0]::bigint THEN RAISE 'value too long' USING ERRCODE = '22001'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE INSERT ON sending_leases FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse(%s)
"""


def test_what_a_server_took_before_a_worker_broke_is_sent_and_the_rest_waits(now, settings, tmp_path, caplog):
    settings.VAR_DIR = tmp_path
    broken, good = started_campaign(people=3, now=now, priority=9), started_campaign(people=1, now=now)

    with caplog.at_level(logging.CRITICAL, "campaigns.sending.work"), Journal() as journal:
        settled = send_round([broken, good], Stream(BreaksAtTheSecond(), journal), math.inf)

    broken.refresh_from_db()
    counts = ledger(broken)
    assert (broken.status, counts.sent, counts.waiting, counts.uncertain, counts.adds_up) == ("paused", 1, 2, 0, True)
    assert (settled, ledger(good).sent) == (1, 1)
    assert left_behind() == []


class BreaksAtTheSecond(Road):
    """A way out with a fault in it, which shows between two mails."""

    def to(self, sender):
        return self

    def deliver_many(self, envelopes, *, before_data):
        for place, envelope in enumerate(envelopes):
            if place == 1:
                raise RuntimeError("a fault of ours")
            yield self.backend.deliver(envelope, before_data=partial(before_data, place))


def test_a_sender_that_is_deleted_before_its_mails_leave_leaves_them_to_another(now, server, settings, tmp_path):
    campaign = started_campaign(people=4, now=now)
    first, second = Sender.objects.get(), SenderFactory(organization=campaign.organization)
    Sender.objects.update(host="127.0.0.1", port=server.port, security="none")
    settings.VAR_DIR, settings.SANDBOX = tmp_path, False  # without the sandbox the sender's password is read

    class Replaced(Connections):
        def to(self, sender):
            steps.set_senders(campaign=campaign, senders=[second], actor=SYSTEM)
            Sender.objects.filter(pk=first.pk).delete()
            return super().to(sender)

    with Replaced() as connections, Journal() as journal:
        send_round([campaign], Stream(connections, journal), math.inf)
    work(lane=1)

    campaign.refresh_from_db()
    assert (campaign.status, ledger(campaign).sent, len(server.mails)) == ("running", 4, 4)


def test_a_server_that_refuses_one_address_is_quoted_there_and_keeps_nobody_else_waiting(now, settings):
    campaign = started_campaign(people=3, now=now)

    with FaultServer(rcpt=[Say("550 5.1.1 no such user")]) as strict:
        settings.SANDBOX_SMTP_HOST, settings.SANDBOX_SMTP_PORT = "127.0.0.1", strict.port
        work(lane=1)

    assert (ledger(campaign).failed, ledger(campaign).sent) == (1, 2)
    assert "5.1.1 no such user" in Recipient.objects.get(status="bounced").error_message


@pytest.mark.parametrize(
    "href",
    [
        "HTTPS://Acme.example/X",
        "https://acme.example/a b",
        " https://acme.example/x ",
        "https://acme.example/?a=1&amp;b=2",
        "https://[::1",
        "https://acme.example/é",
        "//acme.example/x",
        "https://acme.example/#{{ first_name }}",
        "http://",
    ],
)
def test_no_link_however_odd_keeps_its_mail_from_leaving(now, href):
    campaign = ready_campaign(people=1, now=now)
    Variant.objects.update(body_html=f'<p>Hi <a href="{href}">x</a></p>')
    campaign = lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)

    send_all(campaign, Road())

    assert Message.objects.values_list("status", "reason").get() == ("sent", "")


@pytest.mark.parametrize("body", ["<style>@import url(</style><p>x</p>", "<p style='a'>x</p>", "<p>unclosed <b>x"])
def test_no_markup_however_odd_keeps_its_mail_from_leaving(now, body):
    campaign = ready_campaign(people=1, now=now)
    Variant.objects.update(body_html=body)
    campaign = lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)

    send_all(campaign, Road())

    assert Message.objects.values_list("status", "reason").get() == ("sent", "")


def test_after_a_worker_died_with_a_chunk_its_mails_are_tried_one_by_one(now):
    campaign = started_campaign(people=4, now=now)
    lose_a_worker(campaign, now)
    road = Road()

    first = send_chunk(campaign, connections=road)
    rest = send_all(campaign, road)

    assert (first, rest, len(road.backend.mails)) == (1, 3, 4)


def test_new_mails_go_before_those_a_worker_died_with(now):
    campaign = started_campaign(people=4, now=now)
    Recipient.objects.exclude(pk=Recipient.objects.first().pk).update(next_send_at=now + timedelta(hours=1))
    lose_a_worker(campaign, now)
    suspect = Recipient.objects.get(messages__lost_claims=1)
    Recipient.objects.update(next_send_at=now)
    road = Road()

    send_chunk(campaign, connections=road)

    suspect.refresh_from_db()
    assert (len(road.backend.mails), suspect.status) == (3, "pending")


def test_a_mail_that_breaks_off_every_time_is_given_up(now):
    campaign = started_campaign(people=1, now=now)
    send_all(campaign, Road(MemoryBackend(answer=NotSent("dropped", Stage.CONTENT))))
    Message.objects.update(attempts=MOST_BREAKS - 1)
    Recipient.objects.update(next_send_at=now)

    send_all(campaign, Road(MemoryBackend(answer=NotSent("dropped", Stage.CONTENT))))

    assert Message.objects.values_list("status", "reason").get() == ("failed", "broken_off")
    assert Recipient.objects.values_list("status", "error_message").get() == ("failed", "dropped")


def test_a_sender_that_was_away_for_days_costs_its_mails_no_attempt(now):
    campaign = started_campaign(people=1, now=now)
    for _ in range(MOST_BREAKS):
        send_all(campaign, Road(MemoryBackend(answer=SenderFault("connect"))))
        Sender.objects.update(backs_off_until=None)

    send_all(campaign, Road(MemoryBackend(answer=NotSent("dropped", Stage.CONTENT))))

    assert Message.objects.values_list("status", "attempts").get() == ("pending", 1)
    wait = Recipient.objects.get().next_send_at - timezone.now()
    assert timedelta(seconds=50) < wait <= timedelta(minutes=1)


@pytest.mark.parametrize(
    "given_back",
    [partial(not_now, due=NOON), partial(refused_at_gate, refusal=GateRefusal.HALTED, now=NOON)],
    ids=["turn over", "halted"],
)
def test_a_mail_that_was_claimed_and_not_tried_loses_no_attempt(now, given_back):
    campaign = started_campaign(people=1, now=now)
    senders = list(able_senders(campaign, now=now).values())

    [one] = claim(campaign=campaign, wordings=Wordings.of(campaign), senders=senders, limit=1, now=now)
    record(campaign=campaign, verdicts=[given_back(one)], at=now)

    assert Message.objects.values_list("status", "attempts").get() == ("pending", 0)


def test_a_mail_that_breaks_off_waits_longer_each_time(now):
    campaign = started_campaign(people=1, now=now)
    waits = []

    for _ in range(3):
        send_all(campaign, Road(MemoryBackend(answer=NotSent("dropped", Stage.CONTENT))))
        waits.append(round((Recipient.objects.get().next_send_at - timezone.now()).total_seconds() / 60))
        Recipient.objects.update(next_send_at=now)

    assert waits == [1, 2, 4]


def test_a_sender_that_works_again_shows_no_old_fault(now):
    campaign = started_campaign(people=2, now=now)
    send_all(campaign, Road(MemoryBackend(answers=[SenderFault("connection_refused")])))
    Sender.objects.update(backs_off_until=now - timedelta(minutes=1))

    send_all(campaign, Road())

    assert ledger(campaign).sent == 2
    assert Sender.objects.values_list("status_reason", "backs_off_until").get() == ("", None)


def test_a_campaign_without_any_sender_is_paused_and_says_just_that(now):
    campaign = started_campaign(people=1, now=now)
    steps.set_senders(campaign=campaign, senders=[], actor=SYSTEM)

    send_all(campaign, Road())

    campaign.refresh_from_db()
    assert (campaign.status, "the campaign has none" in campaign.status_message) == ("paused", True)


def test_a_server_that_names_the_addressee_brings_no_address_into_the_audit_log(now):
    campaign = started_campaign(people=1, now=now)
    address = Recipient.objects.get().email_address
    refused = Refused(550, f"5.7.1 <{address}>: blocked by policy", Stage.RCPT, Kind.POLICY)

    send_all(campaign, Road(MemoryBackend(answer=refused)))

    reason = AuditLog.objects.get(action="sender.paused").reason
    assert (address in reason, "5.7.1" in reason) == (False, True)


def test_a_subject_without_a_word_fails_that_mail_alone(now):
    campaign = ready_campaign(people=2, now=now)
    Variant.objects.update(subject="{% if company %}For {{ company }}{% endif %}", body_html="<p>Hello</p>")
    campaign = lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)
    nobody = Lead.objects.order_by("pk").first()
    Lead.objects.filter(pk=nobody.pk).update(company="")
    road = Road()

    send_all(campaign, road)

    failed = Message.objects.get(status="failed")
    assert (failed.recipient.lead_id, failed.reason, len(road.backend.mails)) == (nobody.pk, "subject_empty", 1)
