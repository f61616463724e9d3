"""What happens to people, campaigns and wordings while their mails are under way."""

import math
import time
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from campaigns import lifecycle, steps
from campaigns.delivery.memory import ACCEPTED, MemoryBackend
from campaigns.delivery.outcomes import Deferred, Kind, NotSent, Refused, SenderFault, Stage
from campaigns.enrollment import Selection, enroll, stop_recipient
from campaigns.ledger import ledger
from campaigns.lifecycle.transitions import move
from campaigns.models import Campaign, CampaignStatus, ExitReason, Message, Recipient, Sender, Variant
from campaigns.senders import remove_sender
from campaigns.sending.claim import Wordings, claim
from campaigns.sending.connections import CONNECT_SECONDS, TRANSACTION_SECONDS
from campaigns.sending.deliver import deliver
from campaigns.sending.gate import Candidate, gate
from campaigns.sending.journal import Journal
from campaigns.sending.prepare import prepare
from campaigns.sending.record import record
from campaigns.sending.recover import recover
from campaigns.sending.settle import refused_at_gate
from campaigns.sending.sizing import Pace
from campaigns.sending.withdraw import withdraw
from campaigns.sending.work import Stream, able_senders, send_chunk, send_round
from campaigns.tests.factories import LeadFactory, SenderFactory
from campaigns.tests.faults.workers import until_gates_are_old
from campaigns.tests.sending.leases import age_leases
from campaigns.tests.sending.sending import Road, send_all, started_campaign
from campaigns_project.audit.actors import SYSTEM
from leads.models import Lead, Suppression, SuppressionReason
from leads.suppression import suppress

pytestmark = pytest.mark.django_db
DEAD = Refused(550, "5.1.1 no such user", Stage.RCPT, Kind.ADDRESS_DEAD)


@pytest.fixture
def now():
    return timezone.now()


def while_under_way(act, *, answer=ACCEPTED):
    """A road whose server answers every mail with `answer`, and `act` is done before it does."""

    def answers():
        while True:
            act()
            yield answer

    return Road(MemoryBackend(answers=answers()))


def passing(seconds):
    """As if every answer took so long, with somebody looking after dead workers meanwhile."""

    def pass_time():
        age_leases(timedelta(seconds=seconds))
        recover(now=timezone.now())

    return pass_time


def move_away(lead, *, to):
    Lead.objects.filter(pk=lead.pk).update(email=to, email_normalized=to)


def delete_campaigns():
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM campaigns")


def claim_all(campaign, now):
    senders = list(able_senders(campaign, now=now).values())
    return claim(campaign=campaign, wordings=Wordings.of(campaign), senders=senders, limit=100, now=now)


def once(act):
    """`act` at the first call alone."""
    acts = [act]

    def do():
        if acts:
            acts.pop()()

    return do


def test_a_wording_edited_while_mails_leave_reaches_all_that_had_not_passed_the_gate(now):
    campaign = started_campaign(people=12, now=now)
    variant = Variant.objects.get()
    edit = partial(steps.edit_variant, variant=variant, changes={"body_html": "<p>Newly written</p>"}, actor=SYSTEM)
    road = while_under_way(once(edit))

    send_all(campaign, road)

    mails = road.backend.mails
    assert len({mail.rcpt_to for mail in mails}) == len(mails) == 12
    assert [b"Newly written" in mail.data for mail in mails] == [False] * Pace().size + [True] * (12 - Pace().size)
    assert Message.objects.filter(step_version=2).count() == 12 - Pace().size


def test_nothing_more_leaves_through_a_sender_that_was_taken_out_of_the_campaign(now):
    campaign = started_campaign(people=12, now=now)
    first, second = Sender.objects.get(), SenderFactory(organization=campaign.organization)
    road = while_under_way(once(partial(steps.set_senders, campaign=campaign, senders=[second], actor=SYSTEM)))

    send_all(campaign, road)

    assert ledger(campaign).sent == 12
    assert Message.objects.filter(sender=first).count() == Pace().size


def test_a_sender_that_is_deleted_while_its_mails_leave_takes_none_of_them_along(now):
    campaign = started_campaign(people=12, now=now)
    first, second = Sender.objects.get(), SenderFactory(organization=campaign.organization)

    def replace():
        steps.set_senders(campaign=campaign, senders=[second], actor=SYSTEM)
        remove_sender(sender=first, actor=SYSTEM)

    send_all(campaign, while_under_way(once(replace)))

    connection.check_constraints()
    assert (ledger(campaign).sent, ledger(campaign).adds_up) == (12, True)
    assert Recipient.objects.filter(sender=None).count() == Pace().size


def test_a_limit_set_while_mails_leave_holds_from_the_next_of_them_on(now):
    campaign = started_campaign(people=30, now=now)
    road = while_under_way(once(lambda: Sender.objects.update(daily_limit=10)))

    send_all(campaign, road)

    assert (ledger(campaign).sent, ledger(campaign).waiting) == (10, 20)


@pytest.mark.parametrize(
    "answer", [Deferred(451, "later"), NotSent("dropped"), SenderFault("connection_refused")], ids=type
)
def test_nothing_waits_for_somebody_who_left_before_the_server_put_the_mail_off(now, answer):
    campaign = started_campaign(people=1, now=now)
    recipient = Recipient.objects.get()

    def leave():
        stop_recipient(recipient.pk, reason=ExitReason.UNSUBSCRIBED, at=now)

    send_chunk(campaign, connections=while_under_way(leave, answer=answer))

    assert Message.objects.values_list("status", "reason").get() == ("skipped", "unsubscribed")
    assert Recipient.objects.get().status == "unsubscribed"
    assert (ledger(campaign).waiting, ledger(campaign).adds_up) == (0, True)


def test_a_mail_that_was_taken_counts_although_its_recipient_left_meanwhile(now):
    campaign = started_campaign(people=1, steps=2, now=now)
    recipient = Recipient.objects.get()

    send_all(campaign, while_under_way(lambda: stop_recipient(recipient.pk, reason=ExitReason.REPLIED, at=now)))

    assert Recipient.objects.get().status == "replied"
    assert (ledger(campaign).sent, ledger(campaign).skipped, ledger(campaign).adds_up) == (1, 1, True)


def test_nothing_waits_in_a_campaign_stopped_between_gate_and_record(now):
    campaign = started_campaign(people=1, now=now)
    claimed = claim_all(campaign, now)[0]
    stopped = move(campaign, "stop", to=CampaignStatus.STOPPED, actor=SYSTEM, now=now)

    refusal = gate([Candidate(claimed, address="", version=1, merge_values={})])[claimed.message]
    lifecycle.complete_finished(now=now)
    record(campaign=stopped, verdicts=[refused_at_gate(claimed, refusal, now=now)], at=now)

    assert refusal == "campaign_not_running"
    assert Message.objects.values_list("status", "reason").get() == ("skipped", "campaign_stopped")
    assert ledger(campaign).waiting == 0


@pytest.mark.parametrize("answer", [ACCEPTED, Deferred(451, "later"), SenderFault("dropped")], ids=type)
def test_a_campaign_deleted_while_its_mails_are_under_way_leaves_nothing_behind(now, answer):
    campaign = started_campaign(people=2, now=now)

    send_chunk(campaign, connections=while_under_way(delete_campaigns, answer=answer))

    assert (Campaign.objects.count(), Recipient.objects.count(), Message.objects.count()) == (0, 0, 0)


def test_a_dead_address_is_remembered_although_the_campaign_was_deleted_meanwhile(now):
    campaign = started_campaign(people=1, now=now)
    address = Recipient.objects.get().email_address

    send_chunk(campaign, connections=while_under_way(delete_campaigns, answer=DEAD))

    assert Suppression.objects.values_list("address", "reason").get() == (address, "hard_bounce")


def test_the_address_the_server_called_dead_is_suppressed_and_not_the_lead_s_new_one(now):
    campaign = started_campaign(people=1, now=now)
    recipient = Recipient.objects.select_related("lead").get()
    edited = while_under_way(lambda: move_away(recipient.lead, to="new@elsewhere.example"), answer=DEAD)

    send_chunk(campaign, connections=edited)

    assert list(Suppression.objects.values_list("address", flat=True)) == [recipient.email_address]
    assert Recipient.objects.values_list("status", "error_message").get() == ("bounced", "5.1.1 no such user")


def test_a_suppression_of_the_address_as_enrolled_holds_after_the_lead_was_given_another(now):
    campaign = started_campaign(people=1, now=now)
    recipient = Recipient.objects.select_related("lead").get()
    move_away(recipient.lead, to="new@elsewhere.example")
    road = Road()

    suppress(organization=campaign.organization, address=recipient.email_address, reason=SuppressionReason.MANUAL)
    send_all(campaign, road)

    assert road.backend.asked == []
    assert Recipient.objects.values_list("status", "exit_reason").get() == ("stopped", "suppressed")


def test_an_address_left_by_one_lead_and_taken_by_another_gets_a_step_once(now):
    campaign = started_campaign(people=1, now=now)
    recipient = Recipient.objects.select_related("lead").get()
    move_away(recipient.lead, to="new@elsewhere.example")
    LeadFactory(organization=campaign.organization, email=recipient.email_address)
    road = Road()

    enroll(campaign=campaign, selection=Selection(everyone=True), actor=SYSTEM, now=now)
    send_all(campaign, road)

    assert [mail.rcpt_to for mail in road.backend.mails] == [recipient.email_address]


def test_a_working_worker_keeps_the_claims_that_wait_for_their_slice(now, monkeypatch):
    monkeypatch.setattr("campaigns.sending.deliver.RENEW_AFTER", 0.0)  # time passes for the leases alone here
    campaign = started_campaign(people=150, now=now)

    # All of the chunk takes longer than a lease, no slice of it does.
    settled = send_chunk(campaign, connections=while_under_way(passing(seconds=1.9)))

    assert (settled, ledger(campaign).sent) == (150, 150)
    assert not Message.objects.filter(lost_claims__gt=0).exists()


def test_a_server_that_takes_all_the_time_it_may_is_not_taken_for_a_dead_worker(now):
    campaign = started_campaign(people=1, now=now)
    longest = passing(seconds=CONNECT_SECONDS + TRANSACTION_SECONDS)

    send_chunk(campaign, connections=while_under_way(longest))

    assert Message.objects.values_list("status", "lost_claims").get() == ("sent", 0)


def test_nothing_more_is_begun_through_a_sender_that_was_paused_meanwhile(now):
    campaign = started_campaign(people=12, now=now)
    road = while_under_way(partial(withdraw, sender_id=Sender.objects.get().pk, why="too many bounces"))

    send_all(campaign, road)

    in_hand = Pace().size
    assert (len(road.backend.asked), ledger(campaign).sent, ledger(campaign).waiting) == (
        in_hand,
        in_hand,
        12 - in_hand,
    )
    assert set(Recipient.objects.exclude(status="completed").values_list("status", flat=True)) == {"pending"}


def test_of_a_campaign_that_stopped_running_in_a_round_no_further_chunk_is_claimed(now):
    campaign = started_campaign(people=40, now=now)
    running = Campaign.objects.filter(pk=campaign.pk)
    stream = Stream(while_under_way(partial(running.update, status="paused", paused_at=now)))

    send_round([campaign], stream, math.inf)

    assert Message.objects.count() == stream.expected.share.size < 40
    assert 0 < ledger(campaign).sent < Message.objects.count()


def test_those_behind_slow_mails_of_their_slice_are_not_taken_for_lost(now, monkeypatch):
    monkeypatch.setattr("campaigns.sending.deliver.RENEW_AFTER", 0.0)  # time passes for the leases alone here
    campaign = started_campaign(people=4, now=now)

    settled = send_chunk(campaign, connections=while_under_way(passing(seconds=TRANSACTION_SECONDS)))

    assert (settled, ledger(campaign).sent, ledger(campaign).uncertain) == (4, 4, 0)


def test_a_bug_at_the_server_puts_only_the_mail_in_hand_in_doubt(now):
    campaign = started_campaign(people=4, now=now)
    answers = iter([ACCEPTED])

    def break_down():
        if next(answers, None) is None:
            raise RuntimeError("a bug")

    with pytest.raises(RuntimeError):
        send_chunk(campaign, connections=while_under_way(break_down))

    assert sorted(Message.objects.values_list("status", flat=True)) == ["claimed", "claimed", "sending", "sent"]


def test_mails_that_took_long_to_make_are_not_taken_for_lost_at_the_server(now):
    campaign = started_campaign(people=2, now=now)
    senders = able_senders(campaign, now=now)
    batch = prepare(campaign, claim_all(campaign, now), wordings=Wordings.of(campaign), senders=senders, now=now)
    passing(seconds=150.0)()

    deliver(
        campaign,
        batch.prepared,
        sender=next(iter(senders.values())),
        connections=while_under_way(passing(seconds=60.0)),
        journal=Journal(),
        claimed_at=time.monotonic() - 150.0,
    )

    assert (ledger(campaign).sent, ledger(campaign).uncertain) == (2, 0)


def test_what_was_claimed_before_the_window_closed_waits_for_its_next_opening(now):
    campaign = started_campaign(people=3, now=now)
    senders = able_senders(campaign, now=now)
    batch = prepare(campaign, claim_all(campaign, now), wordings=Wordings.of(campaign), senders=senders, now=now)
    other_days = [day for day in range(1, 8) if day != now.isoweekday()]
    road = Road()

    Campaign.objects.update(sending_days=other_days)
    deliver(campaign, batch.prepared, sender=next(iter(senders.values())), connections=road, journal=Journal())

    tomorrow = (now + timedelta(days=1)).date()
    assert (road.backend.asked, ledger(campaign).waiting) == ([], 3)
    assert {recipient.next_send_at.date() for recipient in Recipient.objects.all()} == {tomorrow}


def test_a_mail_that_waits_at_its_server_until_the_window_has_closed_stays(now):
    campaign = started_campaign(people=2, now=now)
    senders = able_senders(campaign, now=now)
    batch = prepare(campaign, claim_all(campaign, now), wordings=Wordings.of(campaign), senders=senders, now=now)

    class Thinking(Road):
        def to(self, sender):
            return self

        def deliver_many(self, envelopes, *, before_data):
            until_gates_are_old()
            campaign.sending_days = [day for day in range(1, 8) if day != now.isoweekday()]
            Campaign.objects.update(sending_days=campaign.sending_days)
            for place, envelope in enumerate(envelopes):
                yield self.backend.deliver(envelope, before_data=partial(before_data, place))

    road = Thinking()
    sender, at = next(iter(senders.values())), time.monotonic()
    deliver(campaign, batch.prepared, sender=sender, connections=road, journal=Journal(), claimed_at=at)

    assert (road.backend.mails, ledger(campaign).waiting) == ([], 2)


def test_a_retry_says_which_version_of_the_wording_went_out(now):
    campaign = started_campaign(people=1, now=now)
    send_all(campaign, Road(MemoryBackend(answers=[Deferred(451, "later")])))
    Recipient.objects.update(next_send_at=now)

    steps.edit_variant(variant=Variant.objects.get(), changes={"subject": "Changed"}, actor=SYSTEM)
    road = Road()
    send_all(campaign, road)

    assert Message.objects.values_list("status", "step_version").get() == ("sent", 2)
    assert b"\r\nSubject: Changed\r\n" in road.backend.mails[0].data
