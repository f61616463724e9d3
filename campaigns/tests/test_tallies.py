from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ

from campaigns.locks import Lock
from campaigns.models import Campaign, CampaignStatus, CampaignTally
from campaigns.progress import progress
from campaigns.tallies import ask_for_counts, count_again, tally
from campaigns.tallies.read import SMALL
from campaigns.tallies.renew import ASK_AGAIN, LATEST, SHARE, SOONEST
from campaigns.tasks import count_campaign
from campaigns.tests.factories import NOON, CampaignFactory, MessageFactory, RecipientFactory, StepFactory

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def large(**given) -> Campaign:
    """A campaign that says of itself that it has many people."""
    return CampaignFactory(total_recipients=SMALL + 1, **given)


def counted(campaign: Campaign, *, now=NOON) -> None:
    """Count all there is of it, as tick and worker do."""
    ask_for_counts(now=now)
    for each in CampaignTally.objects.filter(campaign=campaign, asked_at__isnull=False):
        assert count_again(tally_id=each.pk, now=now)


def sent(campaign: Campaign) -> int:
    return tally("ledger", campaign, now=NOON).figures["sent"]


def send_one(campaign: Campaign) -> None:
    MessageFactory(recipient=RecipientFactory(campaign=campaign), step=campaign.steps.get(), status="sent")
    Campaign.objects.filter(pk=campaign.pk).update(emails_sent=campaign.emails_sent + 1)
    campaign.refresh_from_db()


@pytest.fixture
def campaign() -> Campaign:
    return StepFactory(campaign=large()).campaign


def test_a_small_campaign_is_counted_whenever_somebody_asks():
    campaign = StepFactory(campaign=CampaignFactory(total_recipients=SMALL)).campaign

    send_one(campaign)

    assert (sent(campaign), tally("ledger", campaign, now=NOON).counted_at) == (1, NOON)
    assert ask_for_counts(now=NOON) == 0


def test_a_large_one_shows_what_was_counted_last_and_when(campaign: Campaign):
    counted(campaign)
    send_one(campaign)

    found = progress(campaign, now=NOON + 60 * SECOND)

    assert (found.ledger.sent, found.counted_at) == (0, NOON)
    assert progress(campaign, now=NOON + 60 * SECOND, exactly=True).ledger.sent == 1


def test_a_large_one_that_nobody_counted_yet_is_counted_by_whoever_asks_and_nothing_is_written(campaign: Campaign):
    send_one(campaign)

    assert sent(campaign) == 1
    assert not CampaignTally.objects.exists()


def test_what_was_counted_is_read_in_one_query(campaign: Campaign):
    counted(campaign)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        tally("ledger", campaign, now=NOON)

    assert len(queries) == 1


def test_it_is_counted_anew_where_something_happened(campaign: Campaign):
    counted(campaign)
    later = NOON + SOONEST + SECOND
    assert ask_for_counts(now=later) == 0

    send_one(campaign)
    counted(campaign, now=later)

    assert sent(campaign) == 1


def test_it_is_counted_no_sooner_than_that(campaign: Campaign):
    counted(campaign)
    send_one(campaign)

    assert ask_for_counts(now=NOON + SOONEST - SECOND) == 0


def test_the_longer_it_takes_the_more_rarely_it_is_counted(campaign: Campaign):
    counted(campaign)
    CampaignTally.objects.update(seconds=6)
    send_one(campaign)

    assert ask_for_counts(now=NOON + SHARE * 6 * SECOND - SECOND) == 0
    assert ask_for_counts(now=NOON + SHARE * 6 * SECOND + SECOND) > 0


@pytest.mark.parametrize(("status", "is_asked"), [(CampaignStatus.RUNNING, True), (CampaignStatus.DRAFT, False)])
def test_one_that_may_move_is_counted_now_and_then_though_no_counter_did(status: str, is_asked: bool):
    campaign = StepFactory(campaign=large(status=status, started_at=NOON)).campaign
    counted(campaign)

    assert bool(ask_for_counts(now=NOON + LATEST + SECOND)) is is_asked


def test_one_that_was_asked_for_and_not_made_is_asked_for_again(campaign: Campaign):
    asked = ask_for_counts(now=NOON)

    assert ask_for_counts(now=NOON + ASK_AGAIN - SECOND) == 0
    assert ask_for_counts(now=NOON + ASK_AGAIN + SECOND) == asked


def test_asking_queues_what_counts(campaign: Campaign, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        ask_for_counts(now=NOON)

    assert {task.func() for task in OrmQ.objects.all()} == {"campaigns.tasks.count_campaign"}
    for task in OrmQ.objects.all():
        assert count_campaign(*task.task["args"])
    assert sent(campaign) == 0


def test_one_worker_counts_at_a_time(campaign: Campaign):
    ask_for_counts(now=NOON)
    waiting = CampaignTally.objects.first()
    assert waiting
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, 0)", [Lock.TALLY])
            assert not count_again(tally_id=waiting.pk, now=NOON)
    finally:
        other.close()

    waiting.refresh_from_db()
    assert (waiting.counted_at, waiting.asked_at) == (None, None)
    assert count_again(tally_id=waiting.pk, now=NOON)


def test_one_that_is_being_deleted_is_left_alone(campaign: Campaign):
    ask_for_counts(now=NOON)
    Campaign.objects.update(deleting_at=NOON)

    assert not any(count_again(tally_id=each.pk, now=NOON) for each in CampaignTally.objects.all())
    assert ask_for_counts(now=NOON + LATEST) == 0
