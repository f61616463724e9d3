"""Days of campaigns are counted from the ledger, so that counting again changes nothing."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connections, transaction
from django_q.models import OrmQ

from campaigns.locks import Lock
from campaigns.models import Campaign, CampaignTally, Message, Recipient
from campaigns.tallies.renew import LATEST, SHARE, SOONEST
from campaigns.tests.factories import (
    NOON,
    CampaignDayFactory,
    CampaignFactory,
    MessageFactory,
    RecipientFactory,
    StepFactory,
)
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.verification.rows.asking import findings
from tracking.analytics import clock
from tracking.days import ask_for_days, count_days, renew_days, roll_up
from tracking.days.renew import DAILY, with_news
from tracking.models import CampaignDay

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
TODAY = NOON.date()


def days(campaign: Campaign) -> dict[date, dict[str, int]]:
    """What is kept, without the zeros."""
    rows = CampaignDay.objects.filter(campaign=campaign).order_by("day")
    return {row.day: {name: number for name in CampaignDay.NUMBERS if (number := getattr(row, name))} for row in rows}


def count(campaign: Campaign, *, now: datetime = NOON) -> int:
    return count_days(campaign_id=campaign.pk, now=now)


def sent(campaign: Campaign, *, at: datetime = NOON, **recipient) -> Message:
    """A mail of the campaign's one step, with the counters that the engine would have moved."""
    step = campaign.steps.first() or StepFactory(campaign=campaign)
    person = RecipientFactory(campaign=campaign, sent_at=at, status="sent", **recipient)
    Campaign.objects.filter(pk=campaign.pk).update(
        total_recipients=campaign.recipients.count(),
        emails_sent=Message.objects.filter(step=step, status="sent").count() + 1,
        recipients_reached=campaign.recipients.exclude(sent_at=None).count(),
        active_leads_count=campaign.recipients.filter(status="sent").count(),
        emails_opened=campaign.recipients.exclude(opened_at=None).count(),
        emails_replied=campaign.recipients.exclude(replied_at=None).count(),
    )
    return MessageFactory(recipient=person, step=step, sent_at=at, attempted_at=at)


@pytest.fixture
def campaign() -> Campaign:
    return CampaignFactory(timezone="Europe/Prague", status="running", started_at=NOON)


def test_mails_count_by_the_day_they_left_and_people_by_the_day_of_their_first(campaign):
    sent(campaign, opened_at=NOON + 26 * 3600 * SECOND, clicked_at=NOON + 27 * 3600 * SECOND)
    sent(campaign, replied_at=NOON + 60 * SECOND)
    MessageFactory(
        recipient=RecipientFactory(campaign=campaign), step=campaign.steps.get(), status="pending", sent_at=None
    )

    count(campaign)

    assert days(campaign) == {
        TODAY: {"sent": 2, "reached": 2, "replied": 1},
        TODAY + timedelta(days=1): {"opened": 1, "clicked": 1},
    }


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 3, 28, 22, 59, tzinfo=UTC), date(2026, 3, 28)),
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), date(2026, 3, 29)),  # of 23 hours
        (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), date(2026, 3, 29)),
        (datetime(2026, 3, 29, 22, 0, tzinfo=UTC), date(2026, 3, 30)),
        (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), date(2026, 10, 25)),  # of 25 hours
    ],
)
def test_a_day_is_one_of_the_campaigns_time_zone(campaign, at, day):
    sent(campaign, at=at)

    count(campaign)

    assert days(campaign) == {day: {"sent": 1, "reached": 1}}


def test_whoever_left_counts_by_the_reason(campaign):
    for reason, status in {"failed": "failed", "unsubscribed": "unsubscribed", "complained": "complained"}.items():
        RecipientFactory(campaign=campaign, status=status, exit_reason=reason, exited_at=NOON)
    RecipientFactory(campaign=campaign, status="bounced", exit_reason="hard_bounce", exited_at=NOON, bounced_at=NOON)
    RecipientFactory(campaign=campaign, status="stopped", exit_reason="de_enrolled", exited_at=NOON)

    count(campaign)

    assert days(campaign) == {TODAY: {"failed": 1, "unsubscribed": 1, "complained": 1, "bounced": 1}}


def test_counting_twice_writes_once(campaign):
    sent(campaign)

    assert (count(campaign), count(campaign)) == (1, 0)
    assert days(campaign) == {TODAY: {"sent": 1, "reached": 1}}


def test_a_count_that_was_broken_off_leaves_everything_as_it_was(campaign):
    sent(campaign)
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        count(campaign)
        raise KeyboardInterrupt

    assert (days(campaign), CampaignTally.objects.count()) == ({}, 0)
    assert count(campaign) == 1


def test_what_is_not_so_any_more_goes_again(campaign):
    message = sent(campaign)
    CampaignDayFactory(campaign=campaign, day=TODAY - timedelta(days=3), sent=5)
    count(campaign)
    Message.objects.filter(pk=message.pk).update(sent_at=NOON - timedelta(days=1))

    count(campaign)

    assert days(campaign) == {TODAY - timedelta(days=1): {"sent": 1}, TODAY: {"reached": 1}}


def test_another_time_zone_makes_other_days(campaign):
    sent(campaign, at=datetime(2026, 11, 21, 23, 30, tzinfo=UTC))
    count(campaign)
    Campaign.objects.filter(pk=campaign.pk).update(timezone="America/New_York")

    assert renew_days(now=NOON + 60 * SECOND) == 1
    assert set(days(campaign)) == {date(2026, 11, 21)}


def test_days_of_a_zone_that_is_not_known_any_more_are_those_of_utc_and_are_right(campaign, monkeypatch):
    sent(campaign, at=datetime(2026, 11, 21, 23, 30, tzinfo=UTC))
    count(campaign)
    Campaign.objects.filter(pk=campaign.pk).update(timezone="Africa/Nowhere")

    assert [renew_days(now=NOON + n * 60 * SECOND) for n in (1, 2)] == [1, 0]
    assert set(days(campaign)) == {date(2026, 11, 21)}
    assert [each for each in findings() if each.id == "day_wrong"] == []

    monkeypatch.setattr(clock, "known_to_both", lambda: {"Africa/Nowhere", "UTC"})
    assert [each.pk for each in with_news(NOON + 180 * SECOND)] == [campaign.pk]


def test_over_all_days_the_numbers_are_those_of_the_counters(campaign):
    for hours in range(0, 100, 7):
        sent(campaign, at=NOON + hours * 3600 * SECOND, opened_at=NOON + (hours + 30) * 3600 * SECOND)
    campaign.refresh_from_db()

    count(campaign)

    kept = list(days(campaign).values())
    totals = {name: sum(day.get(name, 0) for day in kept) for name in ("sent", "reached", "opened")}
    assert totals == {
        "sent": campaign.emails_sent, "reached": campaign.recipients_reached, "opened": campaign.emails_opened,
    }  # fmt: skip


def test_a_campaign_that_is_being_deleted_is_not_counted(campaign):
    sent(campaign)
    Campaign.objects.filter(pk=campaign.pk).update(deleting_at=NOON)

    assert (count(campaign), count_days(campaign_id=campaign.pk + 10_000, now=NOON)) == (0, 0)
    assert not CampaignDay.objects.exists()


def test_only_what_has_moved_is_counted_again(campaign):
    sent(campaign)
    CampaignFactory()  # nobody in it

    assert [renew_days(now=NOON) for _ in range(2)] == [1, 0]
    assert not ask_for_days(now=NOON + SOONEST + SECOND)

    sent(campaign)

    assert [ask_for_days(now=NOON), ask_for_days(now=NOON + 60 * SECOND)] == [False, True]
    assert renew_days(now=NOON + 60 * SECOND) == 1
    assert days(campaign) == {TODAY: {"sent": 2, "reached": 2}}


@pytest.mark.parametrize(
    ("state", "rest"),
    [
        ({"status": "running"}, LATEST),
        ({"status": "completed", "completed_at": NOON - timedelta(days=3)}, DAILY),
    ],
)
def test_what_moves_no_counter_is_seen_after_a_while(state, rest):
    campaign = CampaignFactory(started_at=NOON - timedelta(days=9), **state)
    message = sent(campaign)
    count(campaign)
    Recipient.objects.filter(pk=message.recipient_id).update(sent_at=NOON - timedelta(days=1))

    assert [renew_days(now=NOON + rest), renew_days(now=NOON + rest + SECOND)] == [0, 1]
    assert days(campaign) == {TODAY - timedelta(days=1): {"reached": 1}, TODAY: {"sent": 1}}


def test_a_count_that_takes_long_is_made_seldom(campaign):
    count(campaign)
    sent(campaign)
    CampaignTally.objects.filter(campaign=campaign).update(seconds=3)

    assert [ask_for_days(now=NOON + SHARE * 3 * SECOND), ask_for_days(now=NOON + (SHARE * 3 + 1) * SECOND)] == [
        False, True,
    ]  # fmt: skip


def test_one_worker_at_a_time_goes_through_the_campaigns(campaign):
    sent(campaign)

    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, 0)", [Lock.DAYS])
            assert renew_days(now=NOON) == 0
            cursor.execute("SELECT pg_advisory_unlock(%s, 0)", [Lock.DAYS])
    finally:
        other.close()

    assert renew_days(now=NOON) == 1


def test_while_nobody_works_the_queue_does_not_fill_with_turns(campaign):
    sent(campaign)

    asked = [ask_for_days(now=NOON) for _ in range(25)]

    assert (sum(asked), OrmQ.objects.count()) == (20, 20)
    assert OrmQ.objects.first().task["func"] == "tracking.tasks.renew_days"


def test_a_dry_run_says_what_differs_and_changes_nothing(campaign):
    sent(campaign)
    count(campaign)
    CampaignDay.objects.update(sent=4)
    Campaign.objects.filter(pk=campaign.pk).update(emails_opened=7)

    found = roll(campaign, dry_run=True)

    assert [(each.name, each.kept, each.counted) for each in found.counters] == [("emails_opened", 7, 0)]
    assert [(each.day, each.name, each.kept, each.counted) for each in found.days] == [(TODAY, "sent", 4, 1)]
    assert (found.is_drift, days(campaign)[TODAY]["sent"]) == (True, 4)
    assert Campaign.objects.get(pk=campaign.pk).emails_opened == 7


def test_rolling_up_mends_days_and_counters_and_says_so_in_the_audit_log(campaign):
    sent(campaign)
    count(campaign)
    CampaignDay.objects.update(sent=4)
    Campaign.objects.filter(pk=campaign.pk).update(emails_opened=7)

    roll(campaign)

    assert not roll(campaign, dry_run=True).differs
    row = AuditLog.objects.get(action="campaign.recounted")
    assert (row.entity_id, row.before, row.after) == (str(campaign.pk), {"emails_opened": 7}, {"emails_opened": 0})


def test_what_has_only_not_been_counted_yet_is_no_drift(campaign):
    sent(campaign)

    found = roll(campaign, dry_run=True)

    assert (found.differs, found.days_are_behind, found.is_drift) == (True, True, False)


def test_verification_finds_a_day_that_is_wrong(campaign):
    sent(campaign)
    count(campaign)
    CampaignDayFactory(campaign=campaign, day=TODAY - timedelta(days=40), sent=0, bounced=2)

    found = [finding for finding in findings() if finding.id == "day_wrong"]

    assert [(each.where, each.samples) for each in found] == [("campaign_days.bounced", [str(campaign.pk)])]
    roll(campaign)
    assert "day_wrong" not in {finding.id for finding in findings()}


def test_verification_does_not_take_for_wrong_what_is_to_be_counted_yet(campaign):
    sent(campaign)
    count(campaign)
    sent(campaign)

    assert "day_wrong" not in {finding.id for finding in findings()}


def roll(campaign: Campaign, **given):
    return roll_up(campaign=campaign, actor=Actor.of_command("rollup_stats"), now=NOON, **given)
