"""claim -> prepare -> gate -> deliver -> record, on real rows."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import default as mail_policy

import pytest
from django.utils import timezone

from campaigns import lifecycle
from campaigns.delivery.memory import MemoryBackend
from campaigns.delivery.outcomes import Deferred, Kind, NotSent, Refused, SenderFault, Stage, Uncertain
from campaigns.enrollment import stop_recipient
from campaigns.ledger import ledger
from campaigns.models import Campaign, ExitReason, Link, Message, Recipient, Sender
from campaigns.sending.claim import Wordings, claim
from campaigns.sending.deliver import deliver
from campaigns.sending.evidence import confirm
from campaigns.sending.gate import Candidate, gate
from campaigns.sending.journal import Journal
from campaigns.sending.prepare import prepare
from campaigns.sending.recover import recover
from campaigns.sending.work import able_senders
from campaigns.tests.factories import SuppressionFactory
from campaigns.tests.sending.leases import age_leases
from campaigns.tests.sending.sending import Road, ready_campaign, send_all, started_campaign
from campaigns_project.audit.actors import SYSTEM
from leads.models import Lead, Suppression

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


def mail(envelope):
    return message_from_bytes(envelope.data, policy=mail_policy)


def claim_all(campaign, now):
    """What a worker would claim: a chunk, or one whose last worker was never heard of again."""
    senders = able_senders(campaign, now=now)
    wanted = {"campaign": campaign, "wordings": Wordings.of(campaign), "senders": list(senders.values()), "now": now}
    return claim(**wanted, limit=100) or claim(**wanted, limit=1, suspects=True)


def candidate(claimed):
    return Candidate(claimed, address="", version=1, merge_values={})


def test_every_recipient_gets_every_step_once(now):
    campaign = started_campaign(people=3, steps=2, now=now)
    road = Road()

    send_all(campaign, road)

    campaign.refresh_from_db()
    assert sorted(mail.rcpt_to for mail in road.backend.mails) == sorted(
        2 * list(Recipient.objects.values_list("email_address", flat=True))
    )
    assert ledger(campaign).as_dict() == {
        "planned": 6, "waiting": 0, "in_flight": 0, "sent": 6, "failed": 0, "skipped": 0, "uncertain": 0,
    }  # fmt: skip
    assert (campaign.emails_sent, campaign.recipients_reached, campaign.completed_leads_count) == (6, 3, 3)
    assert set(Recipient.objects.values_list("status", "occupies")) == {("completed", False)}


def test_the_mail_carries_what_the_standards_ask_for(now):
    campaign = started_campaign(people=1, now=now)
    road = Road()

    send_all(campaign, road)

    sent = mail(road.backend.mails[0])
    row = Message.objects.get()
    assert sent["Message-ID"] == row.message_id
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert sent["List-Unsubscribe"].startswith("<http://testserver/t/")
    assert sent.get_body(("plain",)).get_content().startswith("Hello Ana, see")
    html = sent.get_body(("html",)).get_content()
    assert "https://acme.example/demo" not in html
    assert campaign.organization.postal_address in html
    assert list(Link.objects.values_list("url", flat=True)) == ["https://acme.example/demo"]
    assert row.merge_values == {"first_name": "Ana", "postal_address": campaign.organization.postal_address}


def test_with_tracking_off_nothing_is_tracked(now):
    campaign = started_campaign(people=1, now=now, track_opens=False, track_clicks=False)
    road = Road()

    send_all(campaign, road)

    html = mail(road.backend.mails[0]).get_body(("html",)).get_content()
    assert "https://acme.example/demo" in html
    assert ("/open" in html, "/click" in html, "/unsubscribe" in html) == (False, False, True)


def test_a_deferred_mail_waits_and_keeps_its_message_id(now):
    campaign = started_campaign(people=1, now=now)
    greylisted = Road(MemoryBackend(answers=[Deferred(451, "4.7.1 come back later")]))

    send_all(campaign, greylisted)

    row = Message.objects.get()
    recipient = Recipient.objects.get()
    assert (row.status, row.smtp_code, row.message_id) == (
        "deferred",
        451,
        mail(greylisted.backend.asked[0])["Message-ID"],
    )
    assert recipient.status == "pending"
    assert recipient.next_send_at >= now + timedelta(minutes=5)
    assert ledger(campaign).waiting == 1


def test_a_deferred_mail_is_given_up_after_four_days(now):
    campaign = started_campaign(people=1, now=now)
    send_all(campaign, Road(MemoryBackend(answers=[Deferred(451, "later")])))
    Message.objects.update(first_deferred_at=now - timedelta(days=4, minutes=1))
    Recipient.objects.update(next_send_at=now)

    send_all(campaign, Road(MemoryBackend(answers=[Deferred(451, "later")])))

    assert Message.objects.values_list("status", "reason").get() == ("failed", "deferred_too_long")


def test_the_last_try_of_a_deferred_mail_is_not_later_than_four_days_after_the_first(now):
    campaign = started_campaign(people=1, now=now)
    send_all(campaign, Road(MemoryBackend(answer=Deferred(451, "4.7.1 greylisted"))))
    first = now - timedelta(days=4) + timedelta(minutes=10)
    Message.objects.update(attempts=12, first_deferred_at=first)
    Recipient.objects.update(next_send_at=now)

    send_all(campaign, Road(MemoryBackend(answer=Deferred(451, "4.7.1 greylisted"))))

    assert Message.objects.get().status == "deferred"
    assert Recipient.objects.get().next_send_at == first + timedelta(days=4)


def test_a_dead_address_fails_bounces_and_is_suppressed(now):
    campaign = started_campaign(people=1, steps=2, now=now)
    road = Road(MemoryBackend(answers=[Refused(550, "5.1.1 no such user", Stage.RCPT, Kind.ADDRESS_DEAD)]))

    send_all(campaign, road)

    campaign.refresh_from_db()
    assert Recipient.objects.values_list("status", "exit_reason").get() == ("bounced", "hard_bounce")
    assert Suppression.objects.get().reason == "hard_bounce"
    assert (campaign.emails_bounced, Lead.objects.get().status) == (1, "bounced")
    assert (ledger(campaign).failed, ledger(campaign).skipped, ledger(campaign).adds_up) == (1, 1, True)


def test_a_full_mailbox_fails_but_is_not_suppressed(now):
    campaign = started_campaign(people=1, now=now)

    send_all(campaign, Road(MemoryBackend(answers=[Refused(552, "5.2.2 full", Stage.RCPT, Kind.MAILBOX_FULL)])))

    assert Message.objects.values_list("status", "reason").get() == ("failed", "mailbox_full")
    assert Suppression.objects.count() == 0


def test_the_senders_own_fault_pauses_it_and_keeps_the_mails_waiting(now):
    campaign = started_campaign(people=3, now=now)
    refused = Refused(550, "5.7.1 blocked", Stage.RCPT, Kind.POLICY)

    send_all(campaign, Road(MemoryBackend(answer=refused)))

    campaign.refresh_from_db()
    sender = Sender.objects.get()
    assert (sender.status, "5.7.1 blocked" in sender.status_reason) == ("paused", True)
    assert set(Message.objects.values_list("status", flat=True)) == {"pending"}
    assert ledger(campaign).waiting == 3
    assert (campaign.status, campaign.status_message[:25]) == ("paused", "No sender can be used: al")


def test_a_server_that_cannot_be_reached_is_left_alone_for_a_while(now):
    campaign = started_campaign(people=3, now=now)
    road = Road(MemoryBackend(answer=SenderFault("connection_refused")))

    send_all(campaign, road)

    assert len(road.backend.asked) == 1
    assert Sender.objects.get().backs_off_until > now
    assert set(Recipient.objects.values_list("status", flat=True)) == {"pending"}
    campaign.refresh_from_db()
    assert campaign.status == "running"


def test_a_mail_dropped_before_its_last_byte_waits(now):
    campaign = started_campaign(people=1, now=now)

    send_all(campaign, Road(MemoryBackend(answers=[NotSent("dropped")])))

    assert Message.objects.get().status == "pending"
    assert Recipient.objects.get().status == "pending"


def test_an_uncertain_mail_is_never_sent_again_by_itself(now):
    campaign = started_campaign(people=1, steps=2, now=now)
    send_all(campaign, Road(MemoryBackend(answers=[Uncertain("timeout")])))
    road = Road()

    send_all(campaign, road)
    lifecycle.complete_finished(now=now)

    campaign.refresh_from_db()
    assert (road.backend.asked, ledger(campaign).uncertain, campaign.status) == ([], 1, "running")
    assert Recipient.objects.get().status == "paused"


def test_evidence_turns_uncertain_into_sent_and_the_sequence_goes_on(now):
    campaign = started_campaign(people=1, steps=2, now=now)
    send_all(campaign, Road(MemoryBackend(answers=[Uncertain("timeout")])))
    road = Road()

    confirmed = confirm(message_ids=[Message.objects.get().pk], at=now)
    send_all(campaign, road)

    assert (confirmed, len(road.backend.mails), ledger(campaign).sent) == (1, 1, 2)


@pytest.mark.parametrize("reason", [ExitReason.UNSUBSCRIBED, ExitReason.REPLIED, ExitReason.DE_ENROLLED])
def test_who_leaves_between_claim_and_gate_gets_nothing(now, reason):
    campaign = started_campaign(people=1, now=now)
    claims = claim_all(campaign, now)
    senders = able_senders(campaign, now=now)
    batch = prepare(campaign, claims, wordings=Wordings.of(campaign), senders=senders, now=now)
    road = Road()

    stop_recipient(claims[0].recipient, reason=reason, at=now)
    deliver(campaign, batch.prepared, sender=senders[claims[0].sender], connections=road, journal=Journal())

    assert road.backend.asked == []
    assert Message.objects.values_list("status", "reason").get() == ("skipped", reason)
    assert ledger(campaign).adds_up


def test_a_suppression_between_claim_and_gate_holds_too(now):
    campaign = started_campaign(people=1, now=now)
    claims = claim_all(campaign, now)
    senders = able_senders(campaign, now=now)
    batch = prepare(campaign, claims, wordings=Wordings.of(campaign), senders=senders, now=now)
    road = Road()

    SuppressionFactory(organization=campaign.organization, address="example.com")
    deliver(campaign, batch.prepared, sender=senders[claims[0].sender], connections=road, journal=Journal())

    assert road.backend.asked == []
    assert Recipient.objects.values_list("status", "exit_reason").get() == ("stopped", "suppressed")


def test_a_pause_between_claim_and_gate_keeps_the_mails_for_later(now):
    campaign = started_campaign(people=2, now=now)
    claims = claim_all(campaign, now)
    senders = able_senders(campaign, now=now)
    batch = prepare(campaign, claims, wordings=Wordings.of(campaign), senders=senders, now=now)
    road = Road()

    lifecycle.pause(campaign=campaign, actor=SYSTEM, now=now)
    deliver(campaign, batch.prepared, sender=senders[claims[0].sender], connections=road, journal=Journal())
    assert (road.backend.asked, ledger(campaign).waiting) == ([], 2)

    resumed = lifecycle.resume(campaign=campaign, actor=SYSTEM, now=timezone.now())
    send_all(resumed, road)
    assert len(road.backend.mails) == 2


def test_what_one_worker_claimed_no_other_gets(now):
    campaign = started_campaign(people=5, now=now)

    first = claim_all(campaign, now)
    second = claim_all(campaign, now)

    assert (len(first), second) == (5, [])


def test_a_worker_whose_lease_ended_finds_its_fence_stale(now):
    campaign = started_campaign(people=1, now=now)
    old = claim_all(campaign, now)
    age_leases()
    recover(now=now)
    new = claim_all(campaign, now)

    late = gate([candidate(old[0])])
    in_time = gate([candidate(new[0])])

    assert late == {}
    assert in_time == {new[0].message: ""}


def test_a_stale_claim_goes_back_and_a_stale_sending_becomes_uncertain(now):
    campaign = started_campaign(people=2, now=now)
    claims = claim_all(campaign, now)
    gate([candidate(claims[0])])
    age_leases()

    recovered = recover(now=now)

    assert recovered == 2
    statuses = dict(Message.objects.values_list("pk", "status"))
    assert statuses == {claims[0].message: "uncertain", claims[1].message: "pending"}
    counts = ledger(campaign)
    assert (counts.uncertain, counts.waiting, counts.adds_up) == (1, 1, True)


def test_a_message_that_takes_three_workers_with_it_is_set_aside(now):
    campaign = started_campaign(people=1, now=now)
    for _ in range(3):
        claim_all(campaign, timezone.now())
        age_leases()
        recover(now=timezone.now())

    assert Message.objects.values_list("status", "reason", "attempts").get() == ("failed", "poison", 3)
    assert Recipient.objects.get().status == "failed"


def test_one_mail_that_cannot_be_made_fails_alone(now):
    campaign = started_campaign(people=3, now=now)
    nameless = Lead.objects.first()
    Lead.objects.filter(pk=nameless.pk).update(first_name="")
    road = Road()

    send_all(campaign, road)

    failed = Message.objects.get(status="failed")
    assert (failed.recipient.lead_id, failed.reason) == (nameless.pk, "merge_value_missing")
    assert len(road.backend.mails) == 2
    assert "first_name" in failed.recipient.error_message


def test_mail_leaves_only_inside_the_window(now):
    closed_today = [day for day in range(1, 8) if day != now.isoweekday()]
    campaign = started_campaign(people=1, now=now, sending_days=closed_today)

    from campaigns.sending.work import due_campaigns

    assert due_campaigns(now=now) == []
    assert campaign in due_campaigns(now=now + timedelta(days=1))


def test_a_follow_up_comes_from_the_same_sender_after_its_wait(now):
    campaign = ready_campaign(people=1, steps=2, now=now)
    campaign.steps.filter(position=2).update(wait_amount=3, wait_unit="days")
    campaign = lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)
    road = Road()

    send_all(campaign, road)

    recipient = Recipient.objects.get()
    assert (len(road.backend.mails), recipient.status, recipient.next_step.position) == (1, "sent", 2)
    assert recipient.next_send_at - Message.objects.get().sent_at == timedelta(days=3)


def test_completion_frees_everybody_and_closes_the_job(now):
    campaign = started_campaign(people=2, now=now)
    send_all(campaign, Road())

    completed = lifecycle.complete_finished(now=now)

    campaign = Campaign.objects.get(pk=campaign.pk)
    job = campaign.jobs.get(kind="send")
    assert (completed, campaign.status, job.status, job.result["sent"]) == (1, "completed", "succeeded", 2)
