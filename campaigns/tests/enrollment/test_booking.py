"""Somebody booked a meeting: who leaves what, and what counts it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, transaction
from django.utils import timezone
from django_q.models import OrmQ

from campaigns import automatic
from campaigns.automatic import StandingAudience, looking
from campaigns.enrollment import Selection, enroll, stop_recipient
from campaigns.enrollment.booking import book, take_back_booking
from campaigns.enrollment.finishing import LOOK_STALE_AFTER
from campaigns.enrollment.outrank import leave
from campaigns.models import Campaign, ExitReason, Job, Recipient
from campaigns.tasks import enroll_rest, resume_cut_off_enrollments
from campaigns.tests.factories import (
    NOON,
    CampaignFactory,
    LeadFactory,
    OrganizationFactory,
    RecipientFactory,
    SegmentFactory,
    StepFactory,
)
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import NotFound, StateRefused
from campaigns_project.tests.processes import wait_until
from campaigns_project.tests.sessions import waiting_for_locks

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead():
    return LeadFactory(organization=OrganizationFactory(allows_overlap=True))


def inside(lead, **campaign):
    fields = {"running": True, "total_recipients": 1, "active_leads_count": 1, **campaign}
    return RecipientFactory(lead=lead, campaign=CampaignFactory(organization=lead.organization, **fields))


def states(lead):
    rows = Recipient.objects.filter(lead=lead).order_by("pk")
    return list(rows.values_list("status", "exit_reason", "campaign__booked_count", "campaign__active_leads_count"))


def test_whoever_booked_leaves_every_campaign_that_stops_on_it(lead):
    inside(lead), inside(lead), inside(lead, stop_on_booking=False)
    RecipientFactory(campaign=CampaignFactory(running=True))

    done = book(lead=lead, actor=SYSTEM, now=NOON, reason="Tuesday at ten")

    assert states(lead) == [("stopped", "booked", 1, 0), ("stopped", "booked", 1, 0), ("pending", "", 0, 1)]
    assert len(done.left) == 2
    entry = AuditLog.objects.get()
    assert (entry.action, entry.entity_id, entry.after["campaigns"]) == ("lead.booked", str(lead.pk), 2)


def test_it_counts_for_the_campaign_that_is_named_though_they_had_left_it(lead):
    gone, active = inside(lead), inside(lead)
    stop_recipient(gone.pk, reason=ExitReason.REPLIED, at=NOON)

    book(lead=lead, actor=SYSTEM, now=NOON, campaign=gone.campaign)

    assert states(lead) == [("replied", "replied", 1, 0), ("stopped", "booked", 1, 0)]
    assert active.pk


def test_of_campaigns_that_were_left_the_one_that_wrote_last_counts_it(lead):
    for day in (1, 3, 2):
        gone = inside(lead)
        stop_recipient(gone.pk, reason=ExitReason.COMPLETED, at=NOON)
        Recipient.objects.filter(pk=gone.pk).update(sent_at=NOON + timedelta(days=day))

    book(lead=lead, actor=SYSTEM, now=NOON)

    assert list(Campaign.objects.order_by("pk").values_list("booked_count", flat=True)) == [0, 1, 0]


def test_twice_changes_nothing_and_is_told(lead):
    inside(lead)
    book(lead=lead, actor=SYSTEM, now=NOON)

    with pytest.raises(StateRefused) as refused:
        book(lead=lead, actor=SYSTEM, now=NOON + timedelta(days=1))

    assert (refused.value.code, AuditLog.objects.count()) == ("already_booked", 1)
    assert Recipient.objects.get().booked_at == NOON


def test_somebody_who_was_in_no_campaign_has_nothing_to_leave(lead):
    with pytest.raises(StateRefused) as nowhere:
        book(lead=lead, actor=SYSTEM, now=NOON)
    inside(lead)
    with pytest.raises(NotFound):
        book(lead=lead, actor=SYSTEM, now=NOON, campaign=CampaignFactory(organization=lead.organization))

    assert nowhere.value.code == "never_enrolled"


def test_a_reply_after_a_booking_changes_nothing_and_an_opt_out_weighs_more(lead):
    recipient = inside(lead)
    book(lead=lead, actor=SYSTEM, now=NOON)

    replied = leave(recipient.pk, reason=ExitReason.REPLIED, at=NOON)
    unsubscribed = leave(recipient.pk, reason=ExitReason.UNSUBSCRIBED, at=NOON)

    assert (replied, unsubscribed, states(lead)) == (False, True, [("unsubscribed", "unsubscribed", 1, 0)])


def test_a_mistake_is_taken_back_and_counts_nowhere(lead):
    inside(lead)
    book(lead=lead, actor=SYSTEM, now=NOON)

    taken_back = take_back_booking(lead=lead, actor=SYSTEM, now=NOON)

    assert (taken_back, states(lead)) == (1, [("stopped", "booked", 0, 0)])
    with pytest.raises(StateRefused):
        take_back_booking(lead=lead, actor=SYSTEM, now=NOON)


def while_it_waits_for(campaign: Campaign, act: Callable[[], object], meanwhile: Callable[[], object]) -> None:
    """`meanwhile` from its beginning to its end, while `act` has come to where it needs the campaign's own row."""

    def alone(run: Callable[[], object]) -> None:
        try:
            run()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
            acting = pool.submit(alone, act)
            wait_until(waiting_for_locks, "it waits for the campaign's row")
            pool.submit(alone, meanwhile).result(30)
        acting.result(30)


@pytest.mark.django_db(transaction=True)
def test_a_look_in_the_moment_of_the_booking_lets_nobody_in_for_long(lead):
    inside(lead)
    rules = {"groups": [{"rules": [{"field": "status", "operator": "is_any_of", "value": ["ok"]}]}]}
    segment = SegmentFactory(organization=lead.organization, rules=rules)
    looking = StepFactory(campaign__organization=lead.organization, campaign__running=True).campaign
    automatic.set_audience(campaign=looking, audience=StandingAudience((segment.pk,)), actor=SYSTEM, now=timezone.now())

    while_it_waits_for(
        looking,
        partial(automatic.look, campaign_id=looking.pk, now=timezone.now()),
        partial(book, lead=lead, actor=SYSTEM, now=timezone.now()),
    )

    assert states(lead) == [("stopped", "booked", 1, 0), ("stopped", "booked", 0, 0)]


def test_what_a_worker_left_that_was_killed_behind_its_look_is_mended(lead, django_capture_on_commit_callbacks):
    booked = inside(lead)
    rules = {"groups": [{"rules": [{"field": "status", "operator": "is_any_of", "value": ["ok"]}]}]}
    segment = SegmentFactory(organization=lead.organization, rules=rules)
    looked = StepFactory(campaign__organization=lead.organization, campaign__running=True).campaign
    automatic.set_audience(campaign=looked, audience=StandingAudience((segment.pk,)), actor=SYSTEM, now=timezone.now())
    looking._look(looked.pk, timezone.now(), gives_way=True)  # and nothing of what follows its commit
    # Of a booking that was committed while it went through everybody it saw nothing.
    Recipient.objects.filter(pk=booked.pk).update(booked_at=timezone.now())
    early = resume_cut_off_enrollments()
    Job.objects.update(heartbeat_at=timezone.now() - LOOK_STALE_AFTER)

    with django_capture_on_commit_callbacks(execute=True):
        taken = resume_cut_off_enrollments()
    enroll_rest(*OrmQ.objects.get().task["args"])

    left = Recipient.objects.get(campaign=looked)
    assert (early, taken, left.status, left.exit_reason) == (0, 1, "stopped", "booked")
    assert Job.objects.values_list("status", "state", "result").get() == (
        "succeeded",
        {},
        {"enrolled": 1, "skipped": {}},
    )


@pytest.mark.django_db(transaction=True)
def test_whoever_is_put_into_a_campaign_in_the_moment_of_the_booking_leaves_it_too(lead):
    booked = inside(lead)
    other = CampaignFactory(organization=lead.organization)

    while_it_waits_for(
        booked.campaign,
        partial(book, lead=lead, actor=SYSTEM, now=timezone.now()),
        partial(enroll, campaign=other, selection=Selection(lead_ids=(lead.pk,)), actor=SYSTEM, now=timezone.now()),
    )

    assert states(lead) == [("stopped", "booked", 1, 0), ("stopped", "booked", 1, 0)]


def test_by_hand_they_are_enrolled_after_it(lead):
    inside(lead)
    book(lead=lead, actor=SYSTEM, now=NOON)
    other = CampaignFactory(organization=lead.organization)

    done = enroll(campaign=other, selection=Selection(everyone=True), actor=SYSTEM, now=NOON)

    assert (done.enrolled, states(lead)[1]) == (1, ("pending", "", 0, 1))
