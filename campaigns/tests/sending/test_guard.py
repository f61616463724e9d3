"""The bounce guard: who is counted, where the line is, and what follows."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.delivery.memory import MemoryBackend
from campaigns.delivery.outcomes import Accepted, Deferred, Kind, Refused, Stage
from campaigns.models import Message, Recipient, Sender
from campaigns.senders import resume_sender
from campaigns.sending import guard
from campaigns.tests.factories import MessageFactory, RecipientFactory, SenderFactory
from campaigns.tests.sending.sending import Road, send_all, started_campaign
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from tracking.consequences import record_event
from tracking.models import EventType

pytestmark = pytest.mark.django_db
OK = Accepted(250, "250 ok")
DEAD = Refused(550, "550 5.1.1 no such user", Stage.RCPT, Kind.ADDRESS_DEAD)
FULL = Refused(552, "552 5.2.2 full", Stage.RCPT, Kind.MAILBOX_FULL)
SPAM = Refused(554, "554 5.7.1 looks like spam", Stage.DOT, Kind.POLICY)


@pytest.fixture
def now():
    return timezone.now()


def mails(sender, *, good, bad=0, kind="address_dead", at):
    sent = [MessageFactory(sender=sender, attempted_at=at) for _ in range(good)]
    failed = [
        MessageFactory(sender=sender, attempted_at=at, status="failed", sent_at=None, reason=kind) for _ in range(bad)
    ]
    return sent + failed


def status(sender):
    return Sender.objects.values_list("status", flat=True).get(pk=sender.pk)


def test_a_sender_too_many_of_whose_mails_bounce_pauses_itself_and_says_the_numbers(now):
    campaign = started_campaign(people=12, now=now)
    Sender.objects.update(guard_floor=10, guard_percent=20)

    send_all(campaign, Road(MemoryBackend(answers=[*[OK] * 8, DEAD, SPAM, DEAD], answer=OK)))

    sender = Sender.objects.get()
    assert (sender.status, sender.status_reason) == (
        "paused",
        "bounce_guard: 3 of the last 12 mails bounced or were refused (25.0 %); the limit is 20 %.",
    )
    entry = AuditLog.objects.get(action="sender.paused")
    assert (entry.actor_kind, entry.reason) == ("system", sender.status_reason)


def test_below_the_floor_nobody_is_judged(now):
    campaign = started_campaign(people=4, now=now)
    Sender.objects.update(guard_floor=5, guard_percent=1)

    send_all(campaign, Road(MemoryBackend(answer=DEAD)))

    assert status(Sender.objects.get()) == "active"


def test_at_the_limit_it_goes_on_and_above_it_pauses(now):
    sender = SenderFactory(guard_floor=10, guard_percent=10)
    mails(sender, good=9, bad=1, at=now)
    at_limit = guard.judge(senders=[sender.pk], now=now)
    mails(sender, good=0, bad=1, at=now)

    assert (at_limit, guard.judge(senders=[sender.pk], now=now)) == ([], [sender.pk])


def test_zero_per_cent_is_no_guard(now):
    sender = SenderFactory(guard_floor=0, guard_percent=0)
    mails(sender, good=0, bad=5, at=now)

    assert guard.judge(senders=[sender.pk], now=now) == []


@pytest.mark.parametrize("outcome", [FULL, Deferred(451, "451 later")])
def test_a_full_mailbox_and_a_mail_put_off_are_not_counted(outcome, now):
    campaign = started_campaign(people=5, now=now)
    Sender.objects.update(guard_floor=1, guard_percent=1)

    send_all(campaign, Road(MemoryBackend(answer=outcome)))

    assert status(Sender.objects.get()) == "active"


def test_a_refusal_by_policy_after_the_dot_counts_and_suppresses_nobody(now):
    campaign = started_campaign(people=5, now=now)
    Sender.objects.update(guard_floor=5, guard_percent=50)

    send_all(campaign, Road(MemoryBackend(answer=SPAM)))

    assert status(Sender.objects.get()) == "paused"
    assert Recipient.objects.filter(exit_reason="hard_bounce").count() == 0


@pytest.mark.parametrize("event", [EventType.BOUNCE, EventType.COMPLAIN])
def test_bounces_and_complaints_that_come_later_count_too(event, now):
    sender = SenderFactory(guard_floor=5, guard_percent=30)
    told = mails(sender, good=5, at=now)[:2]

    for message in told:
        record_event(
            recipient=message.recipient,
            message=message,
            event_type=event,
            at=now,
            source="test",
            data={"kind": "hard"} if event == EventType.BOUNCE else None,
        )

    assert status(sender) == "paused"


def test_a_soft_bounce_counts_nothing(now):
    sender = SenderFactory(guard_floor=1, guard_percent=1)
    (message,) = mails(sender, good=1, at=now)

    record_event(
        recipient=message.recipient,
        message=message,
        event_type=EventType.BOUNCE,
        at=now,
        source="test",
        data={"kind": "soft"},
    )

    assert status(sender) == "active"


def test_a_person_who_bounced_counts_once_however_many_mails_went_there(now):
    sender = SenderFactory()
    recipient = RecipientFactory(bounced_at=now)
    for _ in range(3):
        MessageFactory(sender=sender, recipient=recipient, attempted_at=now)

    assert guard.share(sender, now=now) == (1, 3)


def test_only_the_last_mails_of_the_last_days_are_judged(now, monkeypatch):
    monkeypatch.setattr(guard, "LAST", 4)
    sender = SenderFactory()
    mails(sender, good=0, bad=3, at=now - timedelta(days=8))
    mails(sender, good=0, bad=3, at=now - timedelta(days=2))
    mails(sender, good=3, at=now - timedelta(days=1))

    assert guard.share(sender, now=now) == (1, 4)


def test_another_senders_bounces_are_not_this_ones(now):
    sender, other = SenderFactory(guard_floor=1), SenderFactory(guard_floor=1)
    mails(other, good=0, bad=5, at=now)

    assert guard.share(sender, now=now) == (0, 0)


def test_resumed_it_begins_anew(now):
    sender = SenderFactory(guard_floor=1, guard_percent=10)
    mails(sender, good=0, bad=5, at=now - timedelta(hours=1))
    guard.judge(senders=[sender.pk], now=now)

    resume_sender(sender=sender, actor=SYSTEM)

    sender.refresh_from_db()
    assert guard.share(sender, now=timezone.now()) == (0, 0)
    assert guard.judge(senders=[sender.pk], now=timezone.now()) == []


def test_a_campaign_whose_only_sender_paused_itself_is_paused_and_says_which_and_why(now):
    campaign = started_campaign(people=3, steps=2, now=now)
    Sender.objects.update(guard_floor=2, guard_percent=10)

    send_all(campaign, Road(MemoryBackend(answers=[OK, DEAD, OK])))

    campaign.refresh_from_db()
    assert (campaign.status, f"{Sender.objects.get().email}: 1 of the last 3 mails" in campaign.status_error) == (
        "paused",
        True,
    )
    assert Message.objects.filter(status="sent").count() == 2


def test_the_question_costs_two_statements(django_assert_num_queries, now):
    sender = SenderFactory(guard_floor=1, guard_percent=50)
    mails(sender, good=3, bad=1, at=now)

    with django_assert_num_queries(2):
        guard.judge(senders=[sender.pk], now=now)
