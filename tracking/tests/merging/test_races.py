"""A merge beside what else happens to the same people: each waits for the other, and nothing is lost or sent twice."""

import time
from datetime import timedelta
from functools import partial
from itertools import permutations
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from campaigns.enrollment import Selection, enroll
from campaigns.models import Campaign, LeadNote, Message, Recipient
from campaigns.sending.work import send_chunk
from campaigns.tests.factories import CampaignFactory
from campaigns.tests.sending.sending import Road, send_all, started_campaign
from campaigns.tests.sending.test_races import meet
from campaigns.verifying import check_counters, check_messages, check_pairs, check_recipients
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.errors import NotFound, Refused
from leads.models import Lead, Suppression
from tracking.consequences import record_event, unsubscribe
from tracking.merging import merge_leads
from tracking.models import EmailEvent, EventType
from tracking.tests.threads import at_once
from tracking.verifying import check_first_times, check_unsubscribed

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = timedelta(seconds=20)


@pytest.fixture
def now() -> Any:
    return timezone.now()


@pytest.fixture
def campaign(now: Any) -> Campaign:
    """Running, with two leads who have had the first of two mails."""
    started = started_campaign(people=2, steps=2, now=now)
    assert send_chunk(started, connections=Road()) == 2
    return started


def merge(now: Any) -> Any:
    keep, other = Lead.objects.order_by("pk")
    return merge_leads(keep=keep, other=other, actor=SYSTEM, now=now)


def merge_when_possible(now: Any) -> None:
    """Again as long as a worker has a mail in hand."""
    ends = time.monotonic() + PATIENCE.total_seconds()
    while time.monotonic() < ends:
        try:
            merge(now)
            return
        except Refused as refused:
            assert refused.code == "mail_in_flight"
            time.sleep(0.01)
    raise AssertionError("workers never let go")


def findings() -> list[Any]:
    checks = (check_counters, check_messages, check_pairs, check_recipients, check_first_times, check_unsubscribed)
    with transaction.atomic(), connection.cursor() as cursor:
        return [finding for check in checks for finding in check(cursor)]


@pytest.mark.parametrize("order", list(permutations([0, 1])))
@pytest.mark.parametrize("whose", [0, 1])
def test_who_opts_out_while_being_merged_is_out_at_both_addresses(campaign, now, order, whose):
    mail = Message.objects.order_by("recipient__lead")[whose]
    addresses = set(Lead.objects.values_list("email_normalized", flat=True))
    acts = [
        partial(merge, now),
        partial(unsubscribe, message_id=mail.pk, lead_id=mail.recipient.lead_id, source="test", now=now),
    ]

    meet(*(acts[index] for index in order), behind=Recipient.objects.all())

    assert Recipient.objects.values_list("exit_reason", flat=True).get() == "unsubscribed"
    assert set(Suppression.objects.values_list("address", flat=True)) == addresses
    assert EmailEvent.objects.filter(event_type="unsubscribe").count() == 1
    assert findings() == []


@pytest.mark.parametrize("order", list(permutations([0, 1])))
@pytest.mark.parametrize("whose", [0, 1])
def test_a_reply_that_comes_while_two_are_merged_is_the_persons(campaign, now, order, whose):
    recipient = Recipient.objects.select_related("campaign__organization", "lead").order_by("lead")[whose]
    tell = partial(
        record_event,
        recipient=recipient,
        event_type=EventType.REPLY,
        at=now,
        source="test",
        message=recipient.messages.get(),
    )
    acts = [partial(merge, now), tell]

    meet(*(acts[index] for index in order), behind=Recipient.objects.all())

    assert Recipient.objects.values_list("exit_reason", flat=True).get() == "replied"
    assert EmailEvent.objects.get().campaign_recipient == Recipient.objects.get()
    assert findings() == []


def test_beside_a_worker_no_step_leaves_again_for_a_merge(campaign, now):
    road = Road()
    Recipient.objects.update(next_send_at=now)

    at_once(lambda: send_all(campaign, road), lambda: merge_when_possible(now))
    send_all(campaign, road)

    survivor = Recipient.objects.get()
    went_to_both_before = "Step 2 went to" in LeadNote.objects.get().text
    assert len(road.backend.mails) == (2 if went_to_both_before else 1)
    assert sorted(survivor.messages.values_list("step__position", "status")) == [(1, "sent"), (2, "sent")]
    assert findings() == []


def test_two_merges_the_other_way_round_leave_one_lead(campaign, now):
    one, another = Lead.objects.order_by("pk")

    def put(keep: Lead, other: Lead) -> str:
        try:
            merge_leads(keep=keep, other=other, actor=SYSTEM, now=now)
        except NotFound:
            return "gone"
        return "merged"

    answers = at_once(lambda: put(one, another), lambda: put(another, one))

    assert sorted(answers) == ["gone", "merged"]
    assert (Lead.objects.count(), Recipient.objects.count()) == (1, 1)


def test_beside_an_enrollment_a_person_is_active_once(campaign, now):
    elsewhere = CampaignFactory(organization=campaign.organization)
    keep, other = Lead.objects.order_by("pk")
    Recipient.objects.filter(lead=keep).update(
        status="stopped", exit_reason="de_enrolled", exited_at=now, occupies=False, next_send_at=None
    )
    Campaign.objects.filter(pk=campaign.pk).update(active_leads_count=1)

    at_once(
        lambda: enroll(campaign=elsewhere, selection=Selection(lead_ids=(keep.pk,)), actor=SYSTEM, now=now),
        lambda: merge(now),
    )

    assert Recipient.objects.filter(lead=keep, occupies=True).count() <= 1
    assert not Recipient.objects.filter(lead=other.pk).exists()
    assert findings() == []
