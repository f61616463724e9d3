"""No state that the system comes through by itself is taken for a fault."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.delivery.memory import MemoryBackend
from campaigns.delivery.outcomes import Kind, Refused, Stage, Uncertain
from campaigns.models import Campaign, Message, MessageStatus, Recipient
from campaigns.sending.claim import Wordings, claim
from campaigns.sending.record import Verdict, record
from campaigns.sending.recover import recover
from campaigns.sending.work import able_senders
from campaigns.tests.factories import CampaignFactory, MessageFactory, RecipientFactory
from campaigns.tests.sending.leases import age_leases
from campaigns.tests.sending.sending import Road, ready_campaign, send_all, started_campaign
from campaigns.tests.test_counters import ACTS_OF_A_PLAY, Play
from campaigns_project.runtime.demo.seeding import seed
from campaigns_project.tests.verification.rows.asking import run, told
from tracking.consequences import record_event
from tracking.models import EventType, RawEvent

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("seed", [101, 102])
def test_none_after_any_act_of_a_play(seed):
    play = Play(seed)

    for act in range(ACTS_OF_A_PLAY):
        play.step()
        if act % 10 == 9:
            assert told() == [], play.acts


def test_none_in_the_demo_data(settings, tmp_path):
    settings.VAR_DIR = tmp_path

    seed(now=timezone.now())

    assert told() == []


def test_none_in_a_draft_without_steps():
    RecipientFactory(campaign=CampaignFactory(total_recipients=1, active_leads_count=1))

    assert told() == []


def test_none_in_a_draft_that_is_ready():
    ready_campaign(people=3, now=timezone.now())

    assert told() == []


def test_none_when_a_reply_is_heard_of_hours_after_it_was_written():
    campaign = started_campaign(people=1, steps=2, now=timezone.now())
    send_all(campaign, Road())
    recipient = Recipient.objects.get()

    earlier = timezone.now() - timedelta(hours=5)
    record_event(recipient=recipient, event_type=EventType.REPLY, at=earlier, source="test")

    assert Message.objects.filter(status="sent", attempted_at__gt=earlier).count() == 2
    assert told() == []


def test_none_when_news_with_a_clock_of_its_own_proves_that_the_last_mail_arrived():
    campaign = started_campaign(people=1, now=timezone.now(), stop_on_reply=False)
    send_all(campaign, Road(MemoryBackend(answers=[Uncertain("timeout")])))
    recipient, message = Recipient.objects.get(), Message.objects.get()

    earlier = timezone.now() - timedelta(hours=5)
    record_event(recipient=recipient, message=message, event_type=EventType.REPLY, at=earlier, source="test")

    assert Recipient.objects.get().exit_reason == "completed"
    assert told() == []


def test_none_when_the_mail_server_called_the_address_dead():
    campaign = started_campaign(people=1, now=timezone.now())

    send_all(campaign, Road(MemoryBackend(answers=[Refused(550, "5.1.1 no", Stage.RCPT, Kind.ADDRESS_DEAD)])))

    assert Recipient.objects.get().bounced_at is not None
    assert told() == []


def test_none_while_a_bounce_that_kills_no_address_is_known():
    campaign = started_campaign(people=1, steps=1, now=timezone.now())
    send_all(campaign, Road())
    recipient = Recipient.objects.get()

    record_event(
        recipient=recipient, event_type=EventType.BOUNCE, at=timezone.now(), source="test", data={"kind": "soft"}
    )

    assert told() == []


def test_none_while_a_worker_has_mails_in_hand_or_died_over_them():
    campaign = started_campaign(people=3, now=timezone.now())
    senders = able_senders(campaign, now=timezone.now())
    claims = claim(
        campaign=campaign,
        wordings=Wordings.of(campaign),
        senders=list(senders.values()),
        limit=2,
        now=timezone.now(),
    )

    assert told() == []

    done = [Verdict(claims[0], MessageStatus.SENT)]
    record(campaign=campaign, verdicts=done, at=timezone.now())

    assert told() == []

    age_leases()

    assert told() == []

    recover(now=timezone.now())

    assert told() == []


def test_none_while_raw_events_wait_or_speak_of_what_is_gone():
    campaign = started_campaign(people=1, now=timezone.now())
    send_all(campaign, Road())
    for message in (Message.objects.get().pk, 9_000_000_000):
        RawEvent.objects.create(event_type="open", message_ref=message, source="track.open")

    assert told() == []


def test_none_in_a_campaign_that_is_half_deleted():
    now = timezone.now()
    campaign = CampaignFactory(running=True, total_recipients=5, recipients_reached=5, emails_sent=5, emails_opened=5)
    MessageFactory(
        recipient=RecipientFactory(campaign=campaign, status="sent", sent_at=now, opened_at=now),
    )

    Campaign.objects.filter(pk=campaign.pk).update(deleting_at=now)

    assert told() == []


def test_none_in_a_stopped_campaign_whose_people_are_just_being_taken_out():
    campaign = started_campaign(people=2, now=timezone.now())

    run("UPDATE campaigns SET status = 'stopped' WHERE id = %s", campaign.pk)

    assert told() == []
