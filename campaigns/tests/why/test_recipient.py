"""Why one recipient gets a mail or does not."""

from datetime import time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import Campaign, Message, Recipient, Sender, Variant
from campaigns.tests.factories import (
    NOON,
    CampaignSenderFactory,
    MessageFactory,
    SenderUsageFactory,
    SuppressionFactory,
)
from campaigns.tests.sending.sending import Road, send_all, started_campaign
from campaigns.why import why_recipient
from campaigns_project.workers import heartbeat
from campaigns_project.workers.models import WorkerKind
from leads.models import Lead

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def workers():
    for kind in (WorkerKind.QCLUSTER, WorkerKind.TICK):
        heartbeat.beat(kind=kind, name=f"{kind}@here", pid=1, capacity=2)


@pytest.fixture
def campaign():
    return started_campaign(people=1, steps=2, now=NOON)


def why(campaign, now=NOON):
    recipients = Recipient.objects.select_related("campaign__organization", "lead", "next_step")
    return why_recipient(recipients.get(campaign=campaign), now=now)


def uncertain(campaign):
    step = campaign.steps.get(position=1)
    MessageFactory(recipient=campaign.recipients.get(), step=step, status="uncertain", reason="timeout", sent_at=None)
    Recipient.objects.update(status="paused", next_send_at=None)


def deferred(campaign):
    step = campaign.steps.get(position=1)
    MessageFactory(
        recipient=campaign.recipients.get(), step=step, status="deferred", sent_at=None, smtp_reply="450 later"
    )
    Recipient.objects.update(next_send_at=NOON + timedelta(minutes=5))


def broken_off(campaign):
    deferred(campaign)
    Message.objects.update(status="pending", smtp_reply="dropped", attempts=1)


def suppressed(domain):
    def act(campaign):
        address = campaign.recipients.get().lead.email_normalized
        SuppressionFactory(organization=campaign.organization, address=address.partition("@")[2] if domain else address)

    return act


def left(campaign):
    Recipient.objects.update(status="replied", exit_reason="replied", exited_at=NOON, next_send_at=None, occupies=False)


CASES = [
    (lambda campaign: None, "healthy", True, NOON),
    (left, "left", True, None),
    (suppressed(domain=False), "suppressed", True, None),
    (suppressed(domain=True), "suppressed", True, None),
    (uncertain, "undecided", False, None),
    (deferred, "deferred", True, NOON + timedelta(minutes=5)),
    (broken_off, "broken_off", True, NOON + timedelta(minutes=5)),
    (lambda campaign: Recipient.objects.update(status="paused"), "recipient_paused", False, None),
    (
        lambda campaign: Recipient.objects.update(next_send_at=NOON + timedelta(hours=3)),
        "waiting_for_delay",
        True,
        NOON + timedelta(hours=3),
    ),
    (lambda campaign: Variant.objects.update(is_active=False), "no_variant", False, None),
    (
        lambda campaign: Campaign.objects.update(status="paused", paused_at=NOON, status_message="Paused by Ana."),
        "paused_by_user",
        True,
        None,
    ),
]


@pytest.mark.parametrize(("arrange", "code", "healthy", "next_send_at"), CASES)
def test_each_reason_is_told_by_its_code_and_the_time_it_ends(campaign, arrange, code, healthy, next_send_at):
    arrange(campaign)

    standing = why(campaign)

    assert (standing.code, standing.healthy, standing.next_send_at) == (code, healthy, next_send_at)
    assert standing.summary


def test_who_left_is_told_why_and_when(campaign):
    left(campaign)

    assert why(campaign).summary == "Out: replied. Left on Fri 20 Nov 2026 12:00 UTC."


def test_its_own_sender_is_waited_for_although_another_could_send(campaign):
    own, _other = Sender.objects.get(), CampaignSenderFactory(campaign=campaign)
    until = NOON + timedelta(seconds=40)
    Recipient.objects.update(sender=own)
    Sender.objects.filter(pk=own.pk).update(backs_off_until=until)

    standing = why(campaign)

    assert (standing.code, standing.next_send_at) == ("sender_backs_off", until)
    assert own.email in standing.summary


def test_another_sender_takes_over_for_one_that_is_paused(campaign):
    own, _other = Sender.objects.get(), CampaignSenderFactory(campaign=campaign)
    Recipient.objects.update(sender=own)
    Sender.objects.filter(pk=own.pk).update(status="paused")

    assert why(campaign).code == "healthy"


def test_the_number_of_queries_is_small_and_fixed(campaign):
    recipient = Recipient.objects.select_related("campaign__organization", "lead", "next_step").get()
    with CaptureQueriesContext(connection) as queries:
        why_recipient(recipient, now=NOON)

    assert len(queries) <= 12


def test_a_full_limit_for_its_domain_keeps_it_waiting_and_no_other(campaign):
    sender = Sender.objects.get()
    Sender.objects.update(daily_limit=None, domain_daily_limit=2)
    Recipient.objects.update(sender=sender)
    used = {"sender": sender, "scope": "domain", "starts_at": NOON.replace(hour=0), "used": 2}
    SenderUsageFactory(**used, domain="elsewhere.example")
    elsewhere = why(campaign).code
    SenderUsageFactory(**used, domain="example.com")

    standing = why(campaign)

    assert elsewhere == "healthy"
    assert (standing.code, standing.next_send_at) == ("domain_daily_limit", NOON.replace(hour=0) + timedelta(days=1))


def test_one_that_found_its_domain_full_is_told_of_the_limit_and_not_of_the_time():
    campaign = started_campaign(people=2, now=timezone.now())  # all of them of one domain
    Sender.objects.update(domain_daily_limit=1)
    send_all(campaign, Road())

    waiting = Recipient.objects.select_related("campaign__organization", "lead", "next_step").get(sent_at=None)
    standing = why_recipient(waiting, now=timezone.now())

    assert (standing.code, standing.next_send_at) == ("domain_daily_limit", waiting.next_send_at)


def test_the_domain_limit_of_another_sender_is_not_its_own(campaign):
    own, other = Sender.objects.get(), CampaignSenderFactory(campaign=campaign).sender
    Sender.objects.filter(pk=other.pk).update(domain_daily_limit=2)
    Recipient.objects.update(sender=own)
    day = NOON.replace(hour=0)
    SenderUsageFactory(sender=other, scope="domain", starts_at=day, used=2, domain="example.com")

    standing = why(campaign)
    Sender.objects.filter(pk=own.pk).update(status="paused")
    taken_over = why(campaign)

    assert (standing.code, standing.next_send_at) == ("healthy", NOON)
    assert (taken_over.code, taken_over.next_send_at) == ("domain_daily_limit", day + timedelta(days=1))


def test_the_window_follows_the_leads_own_clock_where_the_campaign_says_so(campaign):
    Campaign.objects.update(window_zone="lead", window_start=time(9), window_end=time(17))
    Lead.objects.update(timezone="Asia/Tokyo")

    standing = why(campaign)  # noon in UTC is nine in the evening there

    assert (standing.code, standing.next_send_at) == ("outside_window", NOON.replace(hour=0) + timedelta(days=1))
    assert "on Sat 21 Nov 2026 09:00 Asia/Tokyo" in standing.summary


def test_a_domain_in_letters_of_its_own_is_looked_for_as_it_is_counted(campaign):
    sender = Sender.objects.get()
    Sender.objects.update(daily_limit=None, domain_daily_limit=2)
    Recipient.objects.update(sender=sender, email_address="ana@münchen.example")
    SenderUsageFactory(
        sender=sender, scope="domain", starts_at=NOON.replace(hour=0), used=2, domain="xn--mnchen-3ya.example"
    )

    assert why(campaign).code == "domain_daily_limit"
