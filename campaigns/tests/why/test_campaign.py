"""Why a campaign sends or does not: the gate that decides, its sentence, and when the next mail goes."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns import lifecycle
from campaigns.models import Campaign, Message, Recipient, Sender, Variant
from campaigns.tests.factories import (
    NOON,
    CampaignFactory,
    CampaignSenderFactory,
    CampaignUsageFactory,
    MessageFactory,
    OrganizationFactory,
    RecipientFactory,
    SenderUsageFactory,
    SendingHaltFactory,
)
from campaigns.tests.sending.sending import ready_campaign, started_campaign
from campaigns.why import why_campaign
from campaigns.why.codes import GateCode, WhyCode
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.workers import heartbeat
from campaigns_project.workers.models import WorkerHeartbeat, WorkerKind

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def workers():
    for kind in (WorkerKind.QCLUSTER, WorkerKind.TICK):
        heartbeat.beat(kind=kind, name=f"{kind}@here", pid=1, capacity=2)


def why(campaign, now=NOON):
    return why_campaign(Campaign.objects.select_related("organization").get(pk=campaign.pk), now=now)


def test_a_campaign_with_somebody_due_is_healthy_and_sends_now():
    standing = why(started_campaign(now=NOON))

    assert (standing.code, standing.healthy, standing.next_send_at) == (WhyCode.HEALTHY, True, NOON)
    assert standing.summary == "Mail is due and leaves now."
    assert all(gate.ok for gate in standing.gates)


@pytest.mark.parametrize(
    ("fields", "code", "healthy"),
    [
        ({"status": "draft", "started_at": None}, "not_started", True),
        ({"status": "scheduled", "scheduled_at": NOON + timedelta(hours=1)}, "scheduled", True),
        ({"status": "paused", "paused_at": NOON, "status_message": "Paused by Ana."}, "paused_by_user", True),
        ({"status": "paused", "paused_at": NOON, "status_code": "no_sender"}, "paused_by_system", False),
        ({"status": "completed"}, "completed", True),
        ({"status": "stopped"}, "stopped", True),
        ({"status": "archived"}, "archived", True),
        ({"status": "failed"}, "failed", False),
        ({"deleting_at": NOON}, "deleting", True),
    ],
)
def test_a_state_that_sends_nothing_decides_whatever_else_is_shut(fields, code, healthy):
    campaign = started_campaign(now=NOON)
    Campaign.objects.filter(pk=campaign.pk).update(**fields)
    WorkerHeartbeat.objects.all().delete()

    standing = why(campaign)

    assert (standing.code, standing.healthy) == (code, healthy)


def test_a_scheduled_campaign_says_when_its_first_mail_goes():
    campaign = ready_campaign(now=NOON)
    at = NOON + timedelta(days=2)
    lifecycle.schedule(campaign=campaign, at=at, actor=SYSTEM, now=NOON)

    standing = why(campaign)

    assert standing.next_send_at == at
    assert standing.summary == "Starts by itself on Sun 22 Nov 2026 12:00 UTC."


def test_a_scheduled_campaign_whose_hour_has_passed_waits_for_a_worker_and_says_so():
    campaign = ready_campaign(now=NOON)
    lifecycle.schedule(campaign=campaign, at=NOON + timedelta(hours=1), actor=SYSTEM, now=NOON)
    later = NOON + timedelta(hours=3)

    taken_up = why_campaign(Campaign.objects.get(), now=later)
    WorkerHeartbeat.objects.all().delete()
    waiting = why_campaign(Campaign.objects.get(), now=later)

    assert (taken_up.code, taken_up.healthy, "Its hour has come" in taken_up.summary) == ("scheduled", True, True)
    assert (waiting.code, waiting.healthy, waiting.next_send_at) == ("worker_down", False, None)


def test_a_closed_window_says_when_it_opens_in_the_campaigns_own_zone():
    campaign = started_campaign(now=NOON)
    Campaign.objects.update(
        timezone="America/New_York", sending_days=[1, 2, 3, 4, 5], window_start=time(9), window_end=time(17)
    )

    standing = why(campaign, NOON + timedelta(days=1))  # a Saturday

    opens = datetime(2026, 11, 23, 14, tzinfo=UTC)
    assert (standing.code, standing.healthy, standing.next_send_at) == ("outside_window", True, opens)
    assert "It opens on Mon 23 Nov 2026 09:00 America/New_York." in standing.summary


def test_whoever_is_due_later_is_waited_for_and_then_the_window():
    campaign = started_campaign(now=NOON)
    Campaign.objects.update(window_start=time(9), window_end=time(17))
    Recipient.objects.update(next_send_at=NOON.replace(hour=20))

    standing = why(campaign)

    assert (standing.code, standing.next_send_at) == (
        "waiting_for_delay",
        NOON.replace(hour=9) + timedelta(days=1),
    )


def test_the_hold_counts_down_in_seconds_and_says_how_to_stop_it():
    campaign = lifecycle.start(campaign=ready_campaign(now=NOON), actor=SYSTEM, now=NOON, hold=timedelta(seconds=60))

    standing = why(campaign, NOON + timedelta(seconds=18))

    held = next(gate for gate in standing.gates if gate.code == GateCode.HOLD)
    assert held.sentence == "The first mail leaves in 42 s. Pause to stop it."
    assert (held.why, standing.next_send_at) == ("on_hold", NOON + timedelta(seconds=60))


@pytest.mark.parametrize("organization", ["own", "system", "other"])
def test_an_emergency_stop_of_the_organization_or_the_system_decides(organization):
    campaign = started_campaign(now=NOON)
    whose = {"own": campaign.organization, "system": None, "other": OrganizationFactory()}[organization]
    SendingHaltFactory(organization=whose, reason="wrong list")

    standing = why(campaign)

    assert (standing.code == "emergency_stop", standing.healthy) == (organization != "other", organization == "other")


@pytest.mark.parametrize(
    ("fields", "code", "healthy", "waits"),
    [
        ({"status": "paused", "status_reason": "login refused"}, "senders_paused", False, False),
        ({"backs_off_until": NOON + timedelta(seconds=30)}, "senders_wait", True, True),
    ],
)
def test_senders_that_cannot_be_used_are_named_with_the_reason(fields, code, healthy, waits):
    campaign = started_campaign(now=NOON)
    Sender.objects.update(**fields)

    standing = why(campaign)

    gate = next(gate for gate in standing.gates if gate.code == GateCode.SENDERS)
    assert (standing.code, standing.healthy) == (code, healthy)
    assert standing.next_send_at == (NOON + timedelta(seconds=30) if waits else None)
    assert (gate.numbers["able"], gate.numbers["total"], len(gate.numbers["blocked"])) == (0, 1, 1)


def test_one_sender_of_two_is_enough_and_the_other_is_still_named():
    campaign = started_campaign(now=NOON)
    CampaignSenderFactory(campaign=campaign, sender__status="paused", sender__status_reason="535 no")

    standing = why(campaign)

    gate = next(gate for gate in standing.gates if gate.code == GateCode.SENDERS)
    assert (standing.healthy, gate.ok) == (True, True)
    assert [one["why"] for one in gate.numbers["blocked"]] == ["sender_paused"]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("bounce_guard: 9 of the last 60 mails bounced.", "9 of the last 60 mails bounced"),
        ("auth: 535 5.7.8 no", "the login or key was refused: 535 5.7.8 no"),
        ("Ada is on holiday.", "Ada is on holiday"),
        ("", "paused by a person"),
    ],
)
def test_why_a_sender_is_paused_is_said_without_codes(reason, words):
    campaign = started_campaign(now=NOON)
    Sender.objects.update(email="a@x.example", status="paused", status_reason=reason)

    assert why(campaign).summary == f"All senders are paused (a@x.example: {words}). Mend and resume one."


def test_what_a_person_has_to_mend_decides_over_what_passes_by_itself():
    campaign = started_campaign(now=NOON)
    Recipient.objects.update(next_send_at=NOON + timedelta(days=1))
    Sender.objects.update(status="paused")

    standing = why(campaign)

    assert (standing.code, standing.healthy, standing.next_send_at) == ("senders_paused", False, None)


@pytest.mark.parametrize("kind", [WorkerKind.QCLUSTER, WorkerKind.TICK])
def test_without_a_living_worker_or_tick_the_page_says_so(kind):
    campaign = started_campaign(now=NOON)
    WorkerHeartbeat.objects.filter(kind=kind).update(seen_at=NOON - timedelta(days=300))

    standing = why(campaign)

    assert (standing.code, standing.healthy) == ("worker_down", False)


def test_a_step_without_an_active_wording_is_told_with_its_number():
    campaign = started_campaign(steps=2, now=NOON)
    Variant.objects.filter(step__position=2).update(is_active=False)

    standing = why(campaign)

    assert (standing.code, standing.healthy) == ("no_variant", False)
    assert "Step 2 has no active wording" in standing.summary
    assert standing.next_send_at == NOON  # the others go on


def test_uncertain_mails_decide_only_when_nobody_else_is_left():
    campaign = started_campaign(people=2, now=NOON)
    held = campaign.recipients.first()
    MessageFactory(recipient=held, step=campaign.steps.get(), status="uncertain", reason="timeout", sent_at=None)
    Recipient.objects.filter(pk=held.pk).update(status="paused", next_send_at=None)

    with_another = why(campaign).code
    Recipient.objects.exclude(pk=held.pk).update(
        status="completed", exit_reason="completed", exited_at=NOON, next_send_at=None, occupies=False
    )
    alone = why(campaign)

    assert (with_another, alone.code, alone.healthy) == ("healthy", "undecided", False)


def test_mails_with_a_worker_are_told():
    campaign = started_campaign(people=1, now=NOON)
    recipient = campaign.recipients.get()
    MessageFactory(recipient=recipient, step=campaign.steps.get(), in_hand=True)

    assert why(campaign).summary == "Sending: 1 with the workers now."


def test_the_number_of_queries_does_not_grow_with_people_or_senders():
    small, large = started_campaign(people=1, now=NOON), started_campaign(people=30, now=NOON)
    for _ in range(5):
        CampaignSenderFactory(campaign=large)
    counts = []
    for campaign in (small, large):
        with CaptureQueriesContext(connection) as queries:
            why_campaign(campaign, now=NOON)
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 10
    assert Message.objects.count() == 0


def test_everybody_gone_is_no_trouble():
    campaign = CampaignFactory(running=True, total_recipients=1)
    RecipientFactory(campaign=campaign, status="completed", exit_reason="completed", exited_at=NOON)

    standing = why(campaign)

    assert (standing.gates[4].why, standing.gates[4].is_in_order) == ("nobody_left", True)


MIDNIGHT = NOON.replace(hour=0)
TOMORROW = MIDNIGHT + timedelta(days=1)


@pytest.mark.parametrize(
    ("field", "scope", "code"),
    [("daily_limit", "day", "campaign_daily_limit"), ("daily_new_leads", "new_leads", "campaign_new_leads")],
)
def test_a_full_limit_of_the_campaign_says_how_full_and_until_when(field, scope, code):
    campaign = started_campaign(now=NOON)
    Campaign.objects.update(**{field: 300})
    CampaignUsageFactory(campaign=campaign, scope=scope, starts_at=MIDNIGHT, used=300)

    standing = why(campaign)

    assert (standing.code, standing.healthy, standing.next_send_at) == (code, True, TOMORROW)
    assert "(300 of 300)" in standing.summary
    assert {"used": 300, "limit": 300}.items() <= standing.deciding.numbers.items()


def test_the_limit_of_new_leads_does_not_keep_follow_ups():
    campaign = started_campaign(people=2, steps=2, now=NOON)
    Campaign.objects.update(daily_new_leads=1)
    CampaignUsageFactory(campaign=campaign, scope="new_leads", starts_at=MIDNIGHT, used=1)
    Recipient.objects.filter(pk=campaign.recipients.first().pk).update(status="sent", sent_at=NOON)

    standing = why(campaign)

    assert (standing.code, standing.next_send_at) == ("healthy", NOON)
    assert any("All 1 first mails of today are out" in gate.sentence for gate in standing.gates)


def test_senders_at_their_limit_are_waited_for():
    campaign = started_campaign(now=NOON)
    Sender.objects.update(daily_limit=50)
    SenderUsageFactory(sender=Sender.objects.get(), starts_at=MIDNIGHT, used=50)

    standing = why(campaign)

    assert (standing.code, standing.healthy, standing.next_send_at) == ("senders_wait", True, TOMORROW)
    assert [one["why"] for one in standing.deciding.numbers["blocked"]] == ["sender_daily_limit"]
