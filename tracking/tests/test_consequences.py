from datetime import timedelta
from itertools import permutations

import pytest
from django.db import connection

from campaigns.models import Campaign, Recipient
from campaigns.tests.factories import NOON, CampaignFactory, MessageFactory, RecipientFactory, StepFactory
from campaigns_project.audit.actors import SYSTEM
from leads.models import Suppression
from leads.suppression import unsuppress
from tracking.consequences import record_event, unsubscribe
from tracking.ingest import drain
from tracking.models import EmailEvent, EventType, RawEvent
from tracking.tests.threads import at_once

HARD = {"kind": "hard"}


def leave(message, **given):
    return unsubscribe(message_id=message.pk, source="test", now=NOON, **given)


def report(recipient, event_type, *, at=NOON, **given):
    return record_event(recipient=recipient, event_type=event_type, at=at, source="test", **given)


@pytest.mark.django_db
class TestUnsubscribe:
    def test_the_first_time_is_told_from_the_second(self):
        message = MessageFactory()

        answers = [leave(message).is_first, leave(message).is_first]

        assert (answers, EmailEvent.objects.count()) == ([True, False], 1)

    def test_a_message_that_is_gone_tells_nobody(self):
        assert unsubscribe(message_id=404, source="test", now=NOON) is None

    def test_both_the_address_written_to_and_the_present_one_are_suppressed(self):
        message = MessageFactory(recipient__email_address="Old@example.com", recipient__lead__email="new@example.com")

        leave(message)

        assert set(Suppression.objects.values_list("address", flat=True)) == {"old@example.com", "new@example.com"}

    def test_an_address_that_todays_rules_would_refuse_is_suppressed_all_the_same(self):
        message = MessageFactory(recipient__email_address="Ana@intranet", recipient__lead__email="ana@x_y.example")

        answer = leave(message)

        assert answer.is_first
        assert set(Suppression.objects.values_list("address", flat=True)) == {"ana@intranet", "ana@x_y.example"}

    def test_a_wish_repeated_after_the_suppression_was_lifted_counts_again(self):
        message = MessageFactory()
        leave(message)
        unsuppress(suppression=Suppression.objects.get(), actor=SYSTEM, reason="asked by phone")

        leave(message)

        assert (Suppression.objects.count(), EmailEvent.objects.count()) == (1, 1)

    def test_who_had_replied_is_shown_as_unsubscribed(self):
        message = MessageFactory()
        report(message.recipient, EventType.REPLY)

        leave(message)

        message.recipient.refresh_from_db()
        assert (message.recipient.status, message.recipient.replied_at) == ("unsubscribed", NOON)

    def test_waiting_mails_are_skipped_with_the_reason(self):
        sent = MessageFactory()
        waiting = MessageFactory(recipient=sent.recipient, status="deferred", sent_at=None)

        leave(sent)

        waiting.refresh_from_db()
        assert (waiting.status, waiting.reason) == ("skipped", "unsubscribed")


@pytest.mark.django_db(transaction=True)
def test_wishes_replies_opens_and_mails_at_the_same_time_disturb_nobody():
    """Everybody is in two campaigns, through with the first; opens of both are waiting to be counted."""
    campaigns = [CampaignFactory(active_leads_count=number) for number in (0, 30)]
    steps = [StepFactory(campaign=campaign) for campaign in campaigns]
    firsts, seconds = [], []
    for _ in range(30):
        out = {"status": "completed", "exit_reason": "completed", "exited_at": NOON}
        past = RecipientFactory(campaign=campaigns[0], **out)
        firsts.append(MessageFactory(recipient=past, step=steps[0]))
        seconds.append(MessageFactory(recipient__campaign=campaigns[1], recipient__lead=past.lead, step=steps[1]))
    RawEvent.objects.bulk_create(
        RawEvent(event_type="open", message_ref=message.pk, user_agent="Thunderbird", source="test", created_at=NOON)
        for message in [*firsts, *seconds] * 3
    )

    def drain_all():
        while drain(now=NOON, limit=12):
            pass

    def leave_all():
        for message in firsts[::2]:
            leave(message)

    def reply_all():
        for message in seconds[::-1]:
            report(message.recipient, EventType.REPLY)

    at_once(drain_all, drain_all, leave_all, reply_all)

    first, second = Campaign.objects.order_by("pk")
    assert (first.opted_out_count, first.emails_opened) == (15, 30)
    assert (second.active_leads_count, second.emails_opened, second.emails_replied) == (0, 30, 30)
    assert second.opted_out_count == second.recipients.filter(status="unsubscribed").count()


@pytest.mark.django_db(transaction=True)
def test_wishes_and_replies_while_campaigns_are_deleted_disturb_nobody():
    campaigns = [CampaignFactory() for _ in range(6)]
    messages = []
    for _ in range(8):
        messages.append(MessageFactory(recipient__campaign=campaigns[0]))
        for campaign in campaigns[1:]:
            messages.append(MessageFactory(recipient__campaign=campaign, recipient__lead=messages[-1].recipient.lead))

    def delete():
        for campaign in campaigns[::2]:
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM campaigns WHERE id = %s", [campaign.pk])

    def leave_all():
        return [leave(message) for message in messages]

    def reply_all():
        return [report(message.recipient, EventType.REPLY) for message in messages[::-1]]

    at_once(delete, leave_all, reply_all)

    assert not Recipient.objects.exclude(status="unsubscribed").exists()
    assert EmailEvent.objects.filter(event_type="unsubscribe").count() == Recipient.objects.count() == 24


@pytest.mark.django_db(transaction=True)
def test_two_wishes_at_once_are_one():
    message = MessageFactory(recipient__campaign__active_leads_count=1)

    answers = at_once(*[lambda: leave(message).is_first] * 2)

    assert sorted(answers) == [False, True]
    assert EmailEvent.objects.count() == 1
    assert Campaign.objects.values_list("active_leads_count", "opted_out_count").get() == (0, 1)


@pytest.mark.django_db
class TestRecordEvent:
    def test_a_reply_stops_the_recipient_and_is_counted_once(self):
        recipient = RecipientFactory()

        report(recipient, EventType.REPLY, at=NOON + timedelta(hours=1))
        report(recipient, EventType.REPLY, at=NOON)

        recipient.refresh_from_db()
        assert (recipient.status, recipient.replied_at) == ("replied", NOON)
        assert (Campaign.objects.get().emails_replied, EmailEvent.objects.count()) == (1, 2)
        assert Suppression.objects.count() == 0

    def test_a_reply_stops_nobody_where_the_campaign_goes_on_after_replies(self):
        recipient = RecipientFactory(campaign__stop_on_reply=False)

        report(recipient, EventType.REPLY)

        recipient.refresh_from_db()
        assert (recipient.status, recipient.replied_at) == ("pending", NOON)
        assert Campaign.objects.get().emails_replied == 1

    def test_a_dead_address_is_suppressed_and_counted(self):
        recipient = RecipientFactory()

        report(recipient, EventType.BOUNCE, data=HARD)

        recipient.refresh_from_db()
        assert (recipient.status, recipient.exit_reason, recipient.bounced_at) == ("bounced", "hard_bounce", NOON)
        assert (Campaign.objects.get().emails_bounced, Suppression.objects.get().reason) == (1, "hard_bounce")

    def test_a_dead_address_says_nothing_of_the_one_the_lead_has_now(self):
        recipient = RecipientFactory(email_address="old@example.com", lead__email="new@example.com")

        report(recipient, EventType.BOUNCE, data=HARD)

        assert Suppression.objects.get().address == "old@example.com"

    @pytest.mark.parametrize("data", [{"kind": "soft"}, {"kind": "sender"}, {}, None])
    def test_any_other_bounce_is_noted_and_nothing_follows(self, data):
        recipient = RecipientFactory()

        report(recipient, EventType.BOUNCE, data=data)

        recipient.refresh_from_db()
        assert (recipient.status, recipient.bounced_at) == ("pending", None)
        assert (Suppression.objects.count(), EmailEvent.objects.count()) == (0, 1)

    def test_a_complaint_suppresses(self):
        recipient = RecipientFactory(campaign__active_leads_count=1)

        report(recipient, EventType.COMPLAIN)

        recipient.refresh_from_db()
        assert (recipient.status, Suppression.objects.get().reason) == ("complained", "complaint")
        assert Campaign.objects.values_list("active_leads_count", "opted_out_count").get() == (0, 1)

    def test_a_forward_is_noted_and_nothing_follows(self):
        recipient = RecipientFactory()

        report(recipient, EventType.FORWARD)

        recipient.refresh_from_db()
        assert (recipient.status, EmailEvent.objects.get().event_type) == ("pending", "forward")

    def test_the_same_news_twice_is_one_event(self):
        recipient = RecipientFactory()

        answers = [report(recipient, EventType.COMPLAIN, source_event_id="evt-1") for _ in range(2)]

        assert (answers, EmailEvent.objects.count()) == ([True, False], 1)

    def test_old_news_told_again_undoes_no_decision_of_an_operator(self):
        recipient = RecipientFactory()
        report(recipient, EventType.COMPLAIN, source_event_id="evt-1")
        unsuppress(suppression=Suppression.objects.get(), actor=SYSTEM, reason="a mistake of theirs")

        report(recipient, EventType.COMPLAIN, source_event_id="evt-1")

        assert Suppression.objects.count() == 0

    def test_the_state_follows_rank_and_never_arrival(self):
        news = [EventType.REPLY, EventType.BOUNCE, EventType.UNSUBSCRIBE, EventType.COMPLAIN]
        ends = set()

        for order in permutations(news):
            recipient = RecipientFactory()
            for event_type in order:
                at = NOON + timedelta(hours=news.index(event_type))
                report(recipient, event_type, at=at, data=HARD if event_type == EventType.BOUNCE else None)
            row = Recipient.objects.filter(pk=recipient.pk)
            ends.add(row.values_list("status", "exit_reason", "exited_at", "replied_at", "bounced_at").get())

        assert ends == {("complained", "complained", NOON + timedelta(hours=3), NOON, NOON + timedelta(hours=1))}

    def test_news_of_an_uncertain_mail_proves_that_it_arrived(self):
        message = MessageFactory(status="uncertain", sent_at=None, reason="timed_out")

        report(message.recipient, EventType.REPLY, message=message)

        message.refresh_from_db()
        assert (message.status, message.sent_at) == ("sent", NOON)
        assert Campaign.objects.get().emails_sent == 1

    @pytest.mark.parametrize("event_type", [EventType.OPEN, EventType.CLICK])
    def test_opens_and_clicks_are_not_for_here(self, event_type):
        with pytest.raises(ValueError, match="ingest"):
            report(RecipientFactory(), event_type)


@pytest.mark.django_db(transaction=True)
def test_the_same_news_at_the_same_moment_is_one_event():
    recipient = RecipientFactory(campaign__active_leads_count=1)

    answers = at_once(*[lambda: report(recipient, EventType.COMPLAIN, source_event_id="evt-1")] * 2)

    assert sorted(answers) == [False, True]
    assert EmailEvent.objects.count() == 1
    assert Campaign.objects.values_list("active_leads_count", "opted_out_count").get() == (0, 1)
