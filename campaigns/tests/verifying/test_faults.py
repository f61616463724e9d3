"""Each fault that no code path makes, put in by hand: found once, with its rows, and gone after its statement."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from campaigns.enrollment import de_enroll
from campaigns.models import Campaign, Message, Recipient
from campaigns.sending.recover import recover
from campaigns.tests.factories import CalendarItemFactory, CampaignFactory, MessageFactory
from campaigns.tests.sending.sending import Road, send_all, started_campaign
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.tests.verification.rows.asking import findings, mend, past_the_triggers, run, told
from tracking.consequences import unsubscribe
from tracking.ingest import drain
from tracking.models import EmailEvent, RawEvent
from tracking.sources import Source

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    """One mail of two was sent to each of two people, and opened by the first."""
    campaign = started_campaign(people=2, steps=2, now=timezone.now())
    campaign.steps.filter(position=2).update(wait_amount=3)
    send_all(campaign, Road())
    message = Message.objects.earliest("pk")
    RawEvent.objects.create(event_type="open", message_ref=message.pk, user_agent="Thunderbird", source=Source.OPEN)
    drain(now=timezone.now())
    campaign.refresh_from_db()
    return campaign


def first():
    return Recipient.objects.earliest("pk")


def test_a_campaign_in_mid_send_has_none(campaign):
    assert told() == []


def test_a_message_that_waits_for_somebody_who_left(campaign):
    message = MessageFactory(recipient=first(), step=campaign.steps.last(), status="pending", sent_at=None)
    run("UPDATE campaign_recipients SET status = 'stopped', exit_reason = 'de_enrolled', exited_at = now(),"
        " next_send_at = NULL, occupies = false WHERE id = %s", first().pk)  # fmt: skip
    run("UPDATE campaigns SET active_leads_count = 1")

    [finding] = findings()

    assert (finding.id, finding.samples) == ("message_waits_for_nobody", [str(message.pk)])
    mend(finding)
    assert told() == []
    assert Message.objects.get(pk=message.pk).reason == "de_enrolled"


def test_a_mail_that_left_after_a_person_was_taken_out(campaign):
    de_enroll(recipient=first(), actor=SYSTEM, now=timezone.now())
    message = first().messages.get()

    run("UPDATE campaign_messages SET attempted_at = now() + interval '2 minutes' WHERE id = %s", message.pk)

    assert told() == [("sent_after_exit", "campaign_messages.attempted_at", 1, [str(message.pk)])]


def test_a_mail_that_left_after_its_person_unsubscribed_on_our_page(campaign):
    message = first().messages.get()
    unsubscribe(message_id=message.pk, source=Source.ONE_CLICK, now=timezone.now())

    run("UPDATE campaign_messages SET attempted_at = now() + interval '2 minutes' WHERE id = %s", message.pk)

    assert told() == [("sent_after_exit", "campaign_messages.attempted_at", 1, [str(message.pk)])]


@pytest.mark.parametrize("held", ["DELETE FROM sending_leases", "UPDATE sending_leases SET recipients = '{}'"])
def test_a_mail_in_hand_that_no_lease_holds(campaign, held):
    step, (one, two) = campaign.steps.last(), Recipient.objects.order_by("pk")
    lost = MessageFactory(recipient=one, step=step, in_hand=True)
    run(held)
    kept = MessageFactory(recipient=two, step=step, in_hand=True, leased_until=timezone.now() + timedelta(minutes=3))

    [finding] = findings()

    assert (finding.id, finding.where) == ("message_without_lease", "campaign_messages.lease")
    assert (finding.count, finding.samples) == (1, [str(lost.pk)])
    mend(finding)
    assert told() == []
    assert recover(now=timezone.now()) == 1
    statuses = Message.objects.filter(step=step).values_list("pk", "status")
    assert dict(statuses) == {lost.pk: "pending", kept.pk: "claimed"}


def test_one_step_sent_twice_to_one_recipient(campaign):
    run("SET CONSTRAINTS ALL IMMEDIATE")
    run("ALTER TABLE campaign_messages DROP CONSTRAINT message_once_per_recipient_and_step")
    MessageFactory(recipient=first(), step=campaign.steps.first())
    run("UPDATE campaigns SET emails_sent = 3")

    assert told() == [
        ("sent_twice", "campaign_messages.step_id", 1, [str(first().pk)]),
        ("ledger_broken", "campaign_messages.recipient_id", 1, [str(first().pk)]),
    ]


def test_a_message_in_a_state_that_is_no_place(campaign):
    run("SET CONSTRAINTS ALL IMMEDIATE")
    run("ALTER TABLE campaign_messages DROP CONSTRAINT message_status_known")
    run("ALTER TABLE campaign_messages DROP CONSTRAINT message_sent_iff_sent_at")
    run("UPDATE campaign_messages SET status = 'lost' WHERE recipient_id = %s", first().pk)
    run("UPDATE campaigns SET emails_sent = 1")

    assert told() == [("ledger_broken", "campaign_messages.recipient_id", 1, [str(first().pk)])]


@pytest.mark.parametrize("column", ["next_send_at", "next_step_id"])
def test_somebody_who_waits_for_no_hour_or_no_step(campaign, column):
    run(f"UPDATE campaign_recipients SET {column} = NULL WHERE id = %s", first().pk)

    assert told() == [("recipient_never_due", "campaign_recipients.next_send_at", 1, [str(first().pk)])]


def test_somebody_who_is_still_in_a_completed_campaign(campaign):
    run("UPDATE campaigns SET status = 'completed'")

    people = [str(one.pk) for one in Recipient.objects.order_by("pk")]
    assert told() == [("recipient_left_behind", "campaign_recipients.status", 2, people)]


@pytest.mark.parametrize(
    "counter",
    [
        "total_recipients", "recipients_reached", "emails_sent", "emails_opened", "emails_clicked", "emails_replied",
        "emails_bounced", "active_leads_count", "completed_leads_count", "opted_out_count",
    ],
)  # fmt: skip
def test_a_counter_that_is_not_what_a_recount_gives(campaign, counter):
    right = getattr(campaign, counter)
    run(f"UPDATE campaigns SET {counter} = {counter} + 7")

    [finding] = findings()

    assert (finding.id, finding.where, finding.samples) == (
        "counter_wrong", f"campaigns.{counter}", [str(campaign.pk)]
    )  # fmt: skip
    mend(finding)
    assert told() == []
    assert getattr(Campaign.objects.get(), counter) == right


def test_blackout_days_that_are_not_those_of_the_calendar(campaign):
    CalendarItemFactory(organization=campaign.organization, blackout=True, starts_on=date(2030, 12, 24))
    run("UPDATE organizations SET blackout_days = '{2030-12-25}'")

    [finding] = findings()

    assert (finding.id, finding.samples) == ("blackout_days_wrong", [str(campaign.organization_id)])
    mend(finding)
    assert told() == []
    assert Organization.objects.get(pk=campaign.organization_id).blackout_days == [date(2030, 12, 24)]


@pytest.mark.parametrize("field", ["opened_at", "clicked_at", "replied_at"])
def test_a_first_time_that_is_not_that_of_the_first_event(campaign, field):
    right = getattr(first(), field)
    run(f"UPDATE campaign_recipients SET {field} = '2020-01-01' WHERE id = %s", first().pk)
    run("UPDATE campaigns SET emails_clicked = (SELECT count(clicked_at) FROM campaign_recipients),"
        " emails_replied = (SELECT count(replied_at) FROM campaign_recipients)")  # fmt: skip

    [finding] = findings()

    assert (finding.id, finding.where) == ("first_time_wrong", f"campaign_recipients.{field}")
    assert finding.samples == [str(first().pk)]
    mend(finding)
    assert getattr(first(), field) == right


def test_a_bounce_that_is_not_on_its_recipient(campaign):
    EmailEvent.objects.create(
        campaign_recipient=first(),
        event_type="bounce",
        event_data={"kind": "hard"},
        source="test",
        created_at=timezone.now(),
    )

    assert told() == [("first_time_wrong", "campaign_recipients.bounced_at", 1, [str(first().pk)])]


def test_a_deleted_campaign_that_came_back_by_a_restore():
    dead, same_id, same_slug = CampaignFactory.create_batch(3)
    slug = dead.campaign_id
    run("DELETE FROM campaigns WHERE id = %s", dead.pk)
    run("SET CONSTRAINTS ALL IMMEDIATE")

    with past_the_triggers():
        run("UPDATE campaigns SET campaign_id = %s WHERE id = %s", slug, same_slug.pk)
        run("UPDATE campaigns SET id = %s WHERE id = %s", dead.pk, same_id.pk)

    assert told() == [("campaign_was_deleted", "campaigns.id", 2, [str(dead.pk), str(same_slug.pk)])]
