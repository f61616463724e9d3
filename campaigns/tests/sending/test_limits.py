"""Limits of senders and campaigns: what is counted, what is given back, who waits until when."""

from datetime import date, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.delivery.memory import ACCEPTED, MemoryBackend
from campaigns.delivery.outcomes import Deferred, SenderFault
from campaigns.ledger import ledger
from campaigns.models import Campaign, CampaignUsage, Message, Recipient, Sender, SenderUsage
from campaigns.scheduling.clock import day_end
from campaigns.sending.claim import Wordings, claim
from campaigns.sending.dispatch import dispatch
from campaigns.sending.gate import Candidate, gate, gate_again, ungate
from campaigns.sending.limits import LimitCode, room, sender_gauges
from campaigns.sending.recover import recover
from campaigns.sending.reserve import limited_by, release, slot_after
from campaigns.sending.usage import forget_unlimited, forget_usage
from campaigns.sending.work import able_senders, due_campaigns, send_chunk
from campaigns.tests.factories import CampaignSenderFactory, CampaignUsageFactory, SenderFactory, SenderUsageFactory
from campaigns.tests.sending.leases import age_leases
from campaigns.tests.sending.sending import Road, send_all, started_campaign
from campaigns.tests.sending.test_limit_races import at_midday, limit_campaign, limit_sender

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


def claim_all(campaign, now):
    senders = list(able_senders(campaign, now=now).values())
    return claim(campaign=campaign, wordings=Wordings.of(campaign), senders=senders, limit=100, now=now)


def gated(campaign, claims):
    """What the gate says to `claims`, whose mails go to their recipients' addresses, and what limits them."""
    limited = limited_by(campaign, Sender.objects.get())
    return gate([asking(one) for one in claims], limited=limited), limited


def asking(one):
    address = Recipient.objects.get(pk=one.recipient).email_address
    return Candidate(one, address=address, version=1, merge_values={})


def used(model=SenderUsage):
    return dict(model.objects.values_list("scope", "used"))


def test_what_is_not_limited_is_not_counted_and_costs_nothing(now):
    campaign = started_campaign(people=3, now=now)
    claims = claim_all(campaign, now)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        answers, _ = gated(campaign, claims)

    assert set(answers.values()) == {""}
    assert [sql["sql"] for sql in queries if "usage" in sql["sql"] or "advisory" in sql["sql"]] == []
    assert not SenderUsage.objects.exists()
    assert not CampaignUsage.objects.exists()


def test_the_gate_says_which_limit_is_full_and_when_there_is_room_again(now):
    campaign = started_campaign(people=3, now=now)
    limit_sender(now, daily_limit=1)

    answers, _ = gated(campaign, claim_all(campaign, now))

    full = [answer for answer in answers.values() if answer]
    assert [(gauge.code, gauge.used, gauge.limit) for gauge in full] == 2 * [(LimitCode.SENDER_DAY, 1, 1)]
    assert full[0].free_at == day_end(now, ZoneInfo(at_midday(now)))
    assert sorted(Message.objects.values_list("status", flat=True)) == ["claimed", "claimed", "sending"]


def test_a_follow_up_that_found_its_sender_full_waits_for_it_and_says_why(now):
    campaign = started_campaign(people=1, steps=2, now=now)
    send_chunk(campaign, connections=Road())

    set_limit_while_claimed(campaign, partial(fill, now))

    recipient = Recipient.objects.get()
    assert (recipient.sender, recipient.status) == (Sender.objects.get(), "sent")
    assert recipient.error_message == "It waits: the sender's mails of the day have been sent."
    assert Message.objects.get(status="pending").reason == LimitCode.SENDER_DAY


def set_limit_while_claimed(campaign, set_limit):
    """A chunk whose sender's limit is lowered after it was claimed: the gate is the first to see it."""
    Sender.objects.update(hourly_limit=1000)

    class Late:
        def to(self, sender):
            set_limit()
            return MemoryBackend()

    return send_chunk(campaign, connections=Late())


def test_somebody_new_need_not_wait_for_a_sender_without_room(now):
    campaign = started_campaign(people=1, now=now)

    set_limit_while_claimed(campaign, partial(fill, now))

    recipient = Recipient.objects.get()
    assert (recipient.sender, recipient.status) == (None, "pending")
    assert recipient.next_send_at <= timezone.now() + timedelta(seconds=5)
    assert (
        due_campaigns(now=timezone.now() + timedelta(seconds=10)) == []
    )  # nobody has room: nothing to do, no spinning


def fill(now):
    """As if the sender that was made first had sent its mails of the day."""
    limit_sender(now, daily_limit=1000)
    sender = Sender.objects.order_by("pk").first()
    starts_at = day_end(now, ZoneInfo(sender.timezone)) - timedelta(days=1)
    SenderUsageFactory(sender=sender, starts_at=starts_at, used=1000)


def test_someone_whose_mail_was_deferred_keeps_the_sender_that_is_full(now):
    campaign = started_campaign(people=1, now=now)
    send_chunk(campaign, connections=Road(MemoryBackend(answer=Deferred(451, "greylisted"))))
    Recipient.objects.update(next_send_at=now)

    set_limit_while_claimed(campaign, partial(fill, now))

    assert Recipient.objects.get().sender == Sender.objects.get()


def test_when_everything_is_full_no_worker_is_called(now):
    campaign = started_campaign(people=5, now=now)
    limit_sender(now, daily_limit=2)
    send_all(campaign, Road())

    assert Recipient.objects.filter(status="pending", next_send_at__lte=now).count() == 3
    assert due_campaigns(now=timezone.now()) == []
    assert dispatch() == 0


def test_the_next_day_there_is_room_again(now):
    campaign = started_campaign(people=5, now=now)
    limit_sender(now, daily_limit=2)
    send_all(campaign, Road())

    SenderUsage.objects.filter(scope="day").update(starts_at=now - timedelta(days=1))
    Message.objects.update(attempted_at=now - timedelta(days=1))

    assert due_campaigns(now=timezone.now()) == [campaign]
    assert send_all(campaign, Road()) == 2


def test_people_who_stay_with_a_full_sender_do_not_wake_the_workers(now):
    campaign = started_campaign(people=4, steps=2, now=now)
    CampaignSenderFactory(campaign=campaign)
    send_chunk(campaign, connections=Road())
    first, second = Sender.objects.order_by("pk")
    Recipient.objects.update(sender=first)
    fill(now)

    assert send_chunk(campaign, connections=Road()) == 0
    assert due_campaigns(now=timezone.now()) == []

    Sender.objects.filter(pk=first.pk).update(status="paused")

    assert due_campaigns(now=timezone.now()) == [campaign]
    assert send_chunk(campaign, connections=Road()) == 4
    assert Message.objects.filter(step__position=2, sender=second).count() == 4


def test_who_took_over_the_recipients_of_a_sender_is_in_the_log(now, caplog):
    campaign = started_campaign(people=4, steps=2, now=now)
    CampaignSenderFactory(campaign=campaign)
    send_chunk(campaign, connections=Road())
    first, second = Sender.objects.order_by("pk")
    Recipient.objects.update(sender=first)
    Sender.objects.filter(pk=first.pk).update(status="paused")

    with caplog.at_level("INFO", "campaigns.sending.claim"):
        send_chunk(campaign, connections=Road())

    (line,) = caplog.records
    assert (line.campaign, line.from_sender, line.to_sender, line.recipients) == (campaign.pk, first.pk, second.pk, 4)


def test_a_limit_set_at_noon_knows_of_the_morning(now):
    campaign = started_campaign(people=3, steps=2, now=now)
    send_chunk(campaign, connections=Road())
    limit_sender(now, daily_limit=4)
    limit_campaign(now, daily_new_leads=50)
    campaign.refresh_from_db()

    send_all(campaign, Road())

    assert Message.objects.filter(status="sent").count() == 4
    assert used() == {"day": 4, "hour": 4, "domain": 4}
    assert used(CampaignUsage) == {"day": 4, "new_leads": 3}


def test_new_leads_are_limited_and_follow_ups_are_not(now):
    campaign = started_campaign(people=6, steps=2, now=now)
    limit_campaign(now, daily_new_leads=2)
    campaign.refresh_from_db()

    send_all(campaign, Road())

    assert Message.objects.filter(status="sent", step__position=1).count() == 2
    assert Message.objects.filter(status="sent", step__position=2).count() == 2
    assert used(CampaignUsage) == {"day": 4, "new_leads": 2}


def test_only_addresses_of_a_full_domain_wait(now):
    campaign = started_campaign(people=6, now=now)
    Recipient.objects.filter(pk__in=list(Recipient.objects.order_by("pk").values_list("pk", flat=True)[:2])).update(
        email_address="Ana@Harbor.example"
    )
    limit_sender(now, domain_daily_limit=1)

    send_all(campaign, Road())

    assert sorted(SenderUsage.objects.filter(scope="domain").values_list("domain", "used")) == [
        ("example.com", 1), ("harbor.example", 1)
    ]  # fmt: skip
    waiting = Recipient.objects.filter(status="pending")
    assert set(waiting.values_list("next_send_at", flat=True)) == {day_end(now, ZoneInfo(at_midday(now)))}


def test_between_two_mails_of_a_sender_lies_its_gap_and_by_chance_a_little_more(now):
    campaign = started_campaign(people=3, now=now)
    Sender.objects.update(gap_seconds=100, gap_jitter_seconds=50)
    gaps = []

    for _ in range(3):
        assert send_all(campaign, Road()) == 1
        gaps.append((Sender.objects.get().next_slot_at - timezone.now()).total_seconds())
        assert due_campaigns(now=timezone.now()) == []
        Sender.objects.update(next_slot_at=timezone.now())  # as if it had passed

    assert all(95 < gap <= 151 for gap in gaps)
    assert len(set(map(round, gaps))) > 1


@pytest.mark.parametrize(
    ("day", "allowed", "code"),
    [
        (0, 5, LimitCode.SENDER_RAMP),
        (1, 7, LimitCode.SENDER_RAMP),
        (3, 10, LimitCode.SENDER_RAMP),  # the ceiling
        (-2, 5, LimitCode.SENDER_RAMP),  # before its first day as on it
    ],
)
def test_a_ramp_up_grows_by_the_day_up_to_its_ceiling(day, allowed, code, now):
    today = now.astimezone(ZoneInfo("Asia/Tokyo")).date()
    sender = SenderFactory.build(
        timezone="Asia/Tokyo", ramp_start=5, ramp_increase=2, ramp_ceiling=10,
        ramp_started_on=today - timedelta(days=day), daily_limit=50,
    )  # fmt: skip

    (gauge,) = sender_gauges(sender, {}, now=now)

    assert (gauge.limit, gauge.code) == (allowed, code)


def test_without_a_ceiling_a_ramp_up_ends_at_the_daily_limit(now):
    sender = SenderFactory.build(ramp_start=5, ramp_increase=100, ramp_started_on=date(2020, 1, 1), daily_limit=50)

    (gauge,) = sender_gauges(sender, {}, now=now)

    assert (gauge.limit, gauge.code) == (50, LimitCode.SENDER_DAY)


def test_a_mail_whose_gate_ran_out_is_given_back(now):
    campaign = started_campaign(people=3, now=now)
    limit_sender(now, daily_limit=10, gap_seconds=0)
    limit_campaign(now, daily_limit=10)
    campaign.refresh_from_db()
    claims = claim_all(campaign, now)
    _, limited = gated(campaign, claims)

    ungate(claims[:2], limited=limited)
    ungate(claims[:2], limited=limited)  # a second time nothing is there to be given back

    assert used() == {"day": 1, "hour": 1, "domain": 1}
    assert used(CampaignUsage) == {"day": 1, "new_leads": 1}


def test_the_gap_a_mail_made_ends_when_it_is_taken_back(now):
    campaign = started_campaign(people=1, now=now)
    limit_sender(now, gap_seconds=600, gap_jitter_seconds=60)
    claims = claim_all(campaign, now)
    _, limited = gated(campaign, claims)
    assert Sender.objects.get().next_slot_at > now + timedelta(seconds=600)

    ungate(claims, limited=limited)

    assert Sender.objects.get().next_slot_at is None


def test_the_gap_of_a_later_mail_stays_when_an_earlier_one_is_taken_back(now):
    campaign = started_campaign(people=1, now=now)
    limit_sender(now, gap_seconds=600)
    claims = claim_all(campaign, now)
    _, limited = gated(campaign, claims)
    later = now + timedelta(hours=1)
    Sender.objects.update(next_slot_at=later)

    ungate(claims, limited=limited)

    assert Sender.objects.get().next_slot_at == later


def passed_long_ago(campaign, claims, seconds):
    """The mails passed the gate so many seconds ago, and a server makes them wait since."""
    gated(campaign, claims)
    for message in Message.objects.filter(status="sending"):
        before = message.attempted_at - timedelta(seconds=seconds)
        Message.objects.filter(pk=message.pk).update(attempted_at=before)
        Sender.objects.update(next_slot_at=slot_after(Sender.objects.get(), message.pk, before))


def test_the_gap_is_that_behind_the_moment_a_mail_may_leave_and_not_behind_its_first_look(now):
    campaign = started_campaign(people=1, now=now)
    limit_sender(now, gap_seconds=60)
    (only,) = claim_all(campaign, now)
    passed_long_ago(campaign, [only], seconds=50)
    early = Sender.objects.get().next_slot_at

    assert gate_again(asking(only), limited=limited_by(campaign, Sender.objects.get()))

    assert Sender.objects.get().next_slot_at - early >= timedelta(seconds=50)
    assert set(used().values()) == {1}


def test_a_mail_that_waited_until_another_took_its_place_does_not_leave(now):
    campaign = started_campaign(people=1, now=now)
    limit_sender(now, gap_seconds=60)
    (only,) = claim_all(campaign, now)
    passed_long_ago(campaign, [only], seconds=70)
    Sender.objects.update(next_slot_at=timezone.now() + timedelta(seconds=50))  # another left ten seconds ago
    limited = limited_by(campaign, Sender.objects.get())

    assert not gate_again(asking(only), limited=limited)
    still = used()
    ungate([only], limited=limited)

    assert (set(still.values()), set(used().values())) == ({1}, {0})


def test_a_claim_that_is_somebody_elses_by_now_gives_nothing_back(now):
    campaign = started_campaign(people=1, now=now)
    limit_sender(now, daily_limit=10)
    claims = claim_all(campaign, now)
    _, limited = gated(campaign, claims)
    Message.objects.update(fence=99)

    ungate(claims, limited=limited)

    assert used()["day"] == 1


@pytest.mark.parametrize(
    "answers",
    [[Deferred(451, "later")], [SenderFault("refused", permanent=True)], [ACCEPTED, SenderFault("down")]],
    ids=str,
)
def test_only_what_may_have_gone_out_stays_counted(answers, now):
    campaign = started_campaign(people=3, now=now)
    limit_sender(now, daily_limit=10)

    send_chunk(campaign, connections=Road(MemoryBackend(answers=answers, answer=Deferred(451, "later"))))

    sent = Message.objects.filter(status="sent").count()
    assert set(SenderUsage.objects.values_list("used", flat=True)) == {sent}


def test_what_a_dead_worker_may_have_sent_stays_counted_until_it_is_proved_unsent(now):
    campaign = started_campaign(people=1, now=now)
    limit_sender(now, daily_limit=10)
    gated(campaign, claim_all(campaign, now))
    age_leases()

    recover(now=now)
    assert used()["day"] == 1

    release([Message.objects.get().pk])
    assert used()["day"] == 0


def test_every_limit_can_be_asked_for_with_what_is_used_of_it(now):
    campaign = started_campaign(people=4, now=now)
    limit_sender(now, daily_limit=4, hourly_limit=9, domain_daily_limit=3)
    limit_campaign(now, daily_limit=20)
    campaign.refresh_from_db()
    sender = Sender.objects.get()
    send_all(campaign, Road())

    gauges = room(campaign, [sender], now=timezone.now(), domain="harbor.example")

    assert [(gauge.code.value, gauge.used, gauge.limit, gauge.domain) for gauge in gauges] == [
        ("campaign_daily_limit", 3, 20, ""),
        ("sender_daily_limit", 3, 4, ""),
        ("sender_hourly_limit", 3, 9, ""),
        ("domain_daily_limit", 3, 3, "example.com"),
        ("domain_daily_limit", 0, 3, "harbor.example"),
    ]
    assert [gauge.is_full for gauge in gauges] == [False, False, False, True, False]
    assert gauges[0].left == 17


def test_nothing_limits_what_has_no_limit(now):
    assert room(Campaign(), [Sender()], now=now) == []


def test_counts_are_forgotten_after_eight_days(now):
    old, kept = now - timedelta(days=8, minutes=1), now - timedelta(days=7)
    SenderUsageFactory(starts_at=old)
    CampaignUsageFactory(starts_at=old)
    SenderUsageFactory(starts_at=kept)
    CampaignUsageFactory(starts_at=kept)

    assert forget_usage(now=now) == 2

    assert list(SenderUsage.objects.values_list("starts_at", flat=True)) == [kept]
    assert list(CampaignUsage.objects.values_list("starts_at", flat=True)) == [kept]


@pytest.mark.parametrize("limited", [limit_sender, limit_campaign])
def test_a_limit_that_comes_back_knows_of_what_left_while_it_was_away(now, limited):
    campaign = started_campaign(people=9, now=now)
    later = Recipient.objects.filter(pk__in=Recipient.objects.order_by("-pk").values("pk")[:4])
    later.update(next_send_at=now + timedelta(days=1))
    for limit in (2, None):
        limited(now, daily_limit=limit)
        send_all(campaign_now(), Road())
    left = ledger(campaign).sent

    forget_unlimited(now=now)
    later.update(next_send_at=now)
    limited(now, daily_limit=7)
    send_all(campaign_now(), Road())

    assert (left, ledger(campaign).sent) == (5, 7)


def campaign_now():
    """As a worker reads it, who asks for it anew each second."""
    return Campaign.objects.select_related("organization").get()
