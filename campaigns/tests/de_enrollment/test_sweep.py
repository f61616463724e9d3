"""Sweeps: whom they take out and for what, what becomes of those who left meanwhile, and how late it all was."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.de_enrollment import (
    Scope,
    ask_for_run,
    count_by_reason,
    health_of,
    remove_old_runs,
    sweep_by_itself,
    work_on_run,
)
from campaigns.de_enrollment.work import _write_down
from campaigns.enrollment import stop_recipient
from campaigns.enrollment.booking import book
from campaigns.models import Campaign, DeEnrollmentLog, DeEnrollmentRun, ExitReason, Message, Outcome, Recipient
from campaigns.tests.factories import (
    CampaignFactory,
    LeadFactory,
    MessageFactory,
    OrganizationFactory,
    RecipientFactory,
    StepFactory,
    SuppressionFactory,
)
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import NotFound, Refused, StateRefused
from campaigns_project.tests.sessions import one_behind_the_other
from leads.models import Lead, Suppression

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> Any:
    return timezone.now()


@pytest.fixture
def home() -> Organization:
    return OrganizationFactory(allows_overlap=True)


@pytest.fixture
def campaign(home: Organization, now: Any) -> Campaign:
    made = CampaignFactory(organization=home, status="running", started_at=now - timedelta(days=3))
    StepFactory(campaign=made)
    return made


def inside(campaign: Campaign, **fields: Any) -> Recipient:
    """Somebody who came a day ago and waits for the next mail."""
    fields = {"status": "sent", "next_step": campaign.steps.first(), **fields}
    recipient = RecipientFactory(campaign=campaign, **fields)
    day_ago = timezone.now() - timedelta(days=1)
    Recipient.objects.filter(pk=recipient.pk).update(created_at=day_ago, next_send_at=timezone.now())
    people = campaign.recipients
    active = people.inside().count()
    Campaign.objects.filter(pk=campaign.pk).update(total_recipients=people.count(), active_leads_count=active)
    return recipient


def sweep(home: Organization, now: Any, **asked: Any) -> DeEnrollmentRun:
    run = ask_for_run(organization=home, actor=SYSTEM, now=now, in_background=False, **asked)
    while work_on_run(run_id=run.pk, now=now):
        pass
    run.refresh_from_db()
    return run


def unsubscribed_behind_our_back(recipient: Recipient, **fields: Any) -> None:
    """A row of another program: nobody was told."""
    fields = {"address": recipient.lead.email_normalized, "reason": "unsubscribed", **fields}
    SuppressionFactory(organization=recipient.campaign.organization, **fields)


def out(recipient: Recipient) -> str:
    recipient.refresh_from_db()
    return recipient.exit_reason


NEWS = {
    "unsubscribed": unsubscribed_behind_our_back,
    "complained": lambda one: unsubscribed_behind_our_back(one, reason="complaint"),
    "hard_bounce": lambda one: Lead.objects.filter(pk=one.lead_id).update(status="bounced"),
    "suppressed": lambda one: unsubscribed_behind_our_back(one, address=one.lead.domain, reason="manual"),
    "replied": lambda one: Recipient.objects.filter(pk=one.pk).update(replied_at=timezone.now()),
    "booked": lambda one: Recipient.objects.filter(pk=one.pk).update(booked_at=timezone.now()),
    "": lambda one: None,
}


@pytest.mark.parametrize("news", NEWS)
def test_whoever_must_not_be_in_any_more_leaves_for_the_reason(news, campaign, home, now):
    recipient, other = inside(campaign), inside(campaign, lead__email="other@elsewhere.example")
    Lead.objects.filter(pk=recipient.lead_id).update(email_normalized="ana@own.example", email="ana@own.example")
    recipient.lead.refresh_from_db()
    NEWS[news](recipient)

    run = sweep(home, now)

    assert (out(recipient), out(other)) == (news, "")
    assert (run.status, run.scanned, run.removed) == ("succeeded", 2, int(bool(news)))
    assert run.by_reason == ({news: 1} if news else {})


def test_who_has_had_every_mail_and_was_left_behind_is_finished(campaign, home, now):
    done, waiting, doubtful = inside(campaign, next_step=None), inside(campaign), inside(campaign, next_step=None)
    step = campaign.steps.get()
    for recipient, status in ((done, "sent"), (doubtful, "uncertain")):
        sent = {"sent_at": now} if status == "sent" else {"sent_at": None, "reason": "timeout"}
        MessageFactory(recipient=recipient, step=step, status=status, **sent)

    run = sweep(home, now)

    assert [out(each) for each in (done, waiting, doubtful)] == ["completed", "", ""]
    campaign.refresh_from_db()
    assert (campaign.completed_leads_count, campaign.active_leads_count, run.removed) == (1, 2, 1)


def test_of_several_reasons_the_weightiest_counts_and_the_counters_follow(campaign, home, now):
    recipient = inside(campaign)
    for news in ("replied", "booked", "hard_bounce", "complained", "unsubscribed"):
        NEWS[news](recipient) if news != "unsubscribed" else Lead.objects.update(status="unsubscribed")
    MessageFactory(recipient=recipient, step=StepFactory(campaign=campaign), status="pending", sent_at=None)

    sweep(home, now)

    campaign.refresh_from_db()
    assert out(recipient) == "complained"
    assert (campaign.active_leads_count, campaign.opted_out_count) == (0, 1)
    assert Message.objects.get().status == "skipped"


@pytest.mark.parametrize(
    "change",
    [
        lambda _c, one: Suppression.objects.update(expires_at=timezone.now() - timedelta(hours=1)),
        lambda _c, one: Suppression.objects.update(campaign_id=CampaignFactory().pk),
        lambda c, one: Campaign.objects.filter(pk=c.pk).update(deleting_at=timezone.now()),
        lambda c, one: Campaign.objects.filter(pk=c.pk).update(status="stopped"),
        lambda c, one: Suppression.objects.update(organization=OrganizationFactory()),
    ],
)
def test_what_does_not_hold_for_them_takes_nobody_out(change, campaign, home, now):
    recipient = inside(campaign)
    unsubscribed_behind_our_back(recipient)
    change(campaign, recipient)

    assert (sweep(home, now).found, out(recipient)) == (0, "")


@pytest.mark.parametrize(("rule", "sign"), [("stop_on_reply", "replied_at"), ("stop_on_booking", "booked_at")])
def test_a_campaign_that_goes_on_after_it_keeps_them(rule, sign, campaign, home, now):
    recipient = inside(campaign, **{sign: now})
    Campaign.objects.filter(pk=campaign.pk).update(**{rule: False})

    assert (sweep(home, now).found, out(recipient)) == (0, "")


def test_a_booking_by_one_campaign_takes_them_out_of_the_others_unless_they_came_later(campaign, home, now):
    other = CampaignFactory(organization=home, running=True)
    recipient, lead = inside(campaign), LeadFactory(organization=home)
    RecipientFactory(
        campaign=other, lead=recipient.lead, booked_at=now, status="completed", exit_reason="completed", exited_at=now
    )
    RecipientFactory(
        campaign=other,
        lead=lead,
        booked_at=now - timedelta(days=9),
        status="stopped",
        exit_reason="booked",
        exited_at=now,
    )
    later = inside(campaign, lead=lead)

    sweep(home, now)

    assert (out(recipient), out(later)) == ("booked", "")


def test_a_dry_run_says_who_would_leave_and_changes_nothing(campaign, home, now):
    recipient = inside(campaign)
    unsubscribed_behind_our_back(recipient)

    run = sweep(home, now, dry_run=True)

    assert (run.found, run.removed, run.by_reason, out(recipient)) == (1, 0, {"unsubscribed": 1}, "")
    assert DeEnrollmentLog.objects.get().outcome == "would_leave"
    assert count_by_reason(Scope(home), now=now) == {"unsubscribed": 1}
    assert health_of(home, now=now).wrongly_active == 1
    sweep(home, now)
    assert (count_by_reason(Scope(home), now=now), health_of(home, now=now).wrongly_active) == ({}, 0)


def test_a_run_over_one_campaign_leaves_the_others_alone(campaign, home, now):
    other = CampaignFactory(organization=home, running=True)
    StepFactory(campaign=other)
    here = inside(campaign)
    there = inside(other, lead=here.lead)
    unsubscribed_behind_our_back(here)

    sweep(home, now, campaign=campaign)

    assert (out(here), out(there)) == ("unsubscribed", "")


def test_named_people_leave_by_the_hundred_thousand_or_one_by_one(campaign, home, now):
    other = CampaignFactory(organization=home, running=True)
    StepFactory(campaign=other)
    ana = inside(campaign)
    twice, stays = inside(other, lead=ana.lead), inside(campaign)

    run = sweep(home, now, lead_ids=[ana.lead_id], reason="they asked by telephone")

    assert [out(each) for each in (ana, twice, stays)] == ["de_enrolled", "de_enrolled", ""]
    assert (run.scanned, run.removed, run.by_reason) == (2, 2, {"de_enrolled": 2})
    entry = AuditLog.objects.get(action="deenrollmentrun.asked")
    assert (entry.after["leads"], entry.reason) == ([ana.lead_id], "they asked by telephone")


def test_what_cannot_be_meant_is_refused_and_makes_no_run(campaign, home, now):
    ended = CampaignFactory(organization=home, status="completed")
    for asked, error, code in (
        ({"lead_ids": []}, Refused, "nobody_named"),
        ({"lead_ids": [LeadFactory().pk]}, NotFound, "lead_not_found"),
        ({"campaign": ended}, StateRefused, "campaign_ended"),
    ):
        with pytest.raises(error) as refused:
            ask_for_run(organization=home, actor=SYSTEM, now=now, **asked)
        assert refused.value.code == code
    assert not DeEnrollmentRun.objects.exists()


def test_how_late_each_was_is_kept(campaign, home, now):
    minutes = (1, 10, 60)
    for ago in minutes:
        recipient = inside(campaign)
        Recipient.objects.filter(pk=recipient.pk).update(replied_at=timezone.now() - timedelta(minutes=ago))

    run = sweep(home, now)

    lags = sorted(log.lag for log in DeEnrollmentLog.objects.all())
    assert [round(lag / 60) for lag in lags] == [*minutes]
    assert (round(run.lag_p50 / 60), round(run.lag_most / 60)) == (10, 60)
    health = health_of(home, now=timezone.now())
    assert (health.removed_1h, health.late_24h, health.wrongly_active) == (3, 2, 0)


def test_a_mail_that_left_after_the_news_is_counted(campaign, home, now):
    recipient = inside(campaign)
    Recipient.objects.filter(pk=recipient.pk).update(replied_at=now - timedelta(minutes=2))
    MessageFactory(recipient=recipient, step=campaign.steps.get(), status="sent", sent_at=now, attempted_at=now)

    sweep(home, now)

    health = health_of(home, now=timezone.now())
    assert (health.sends_after_trigger_24h, health.status) == (1, "sent_after")


def test_a_run_goes_on_where_a_dead_worker_was_and_asks_again_who_must_leave(campaign, home, now):
    stays, leaves, forgiven = inside(campaign), inside(campaign), inside(campaign)
    for recipient in (stays, leaves, forgiven):
        unsubscribed_behind_our_back(recipient)
    run = ask_for_run(organization=home, actor=SYSTEM, now=now, in_background=False)
    _write_down(run, now)
    stop_recipient(stays.pk, reason=ExitReason.REPLIED, at=now)
    Suppression.objects.filter(address=forgiven.lead.email_normalized).delete()

    work_on_run(run_id=run.pk, now=now)

    run.refresh_from_db()
    assert [out(each) for each in (stays, leaves, forgiven)] == ["replied", "unsubscribed", ""]
    assert (run.found, run.removed, run.already_out, run.cleared) == (3, 1, 1, 1)
    assert set(DeEnrollmentLog.objects.values_list("outcome", flat=True)) == {"removed", "already_out", "cleared"}


def test_the_tick_sweeps_every_organization_that_sends_one_run_at_a_time(campaign, home, now):
    inside(campaign)
    inside(StepFactory(campaign__running=True).campaign)
    CampaignFactory()

    asked = [sweep_by_itself(now=now), sweep_by_itself(now=now)]
    for run in DeEnrollmentRun.objects.all():
        work_on_run(run_id=run.pk, now=timezone.now())
    asked += [sweep_by_itself(now=timezone.now()), sweep_by_itself(now=timezone.now() + timedelta(minutes=2))]

    assert asked == [2, 0, 0, 2]


def test_a_sweep_whose_worker_was_away_for_a_night_does_not_put_off_the_next(campaign, home, now):
    inside(campaign)
    sweep_by_itself(now=now)
    run = DeEnrollmentRun.objects.get()
    DeEnrollmentRun.objects.filter(pk=run.pk).update(
        status="succeeded", started_at=now - timedelta(hours=9), finished_at=now
    )

    asked = [sweep_by_itself(now=now + timedelta(minutes=minutes)) for minutes in (9, 11)]

    assert asked == [0, 1]


def test_sweeps_of_the_tick_that_found_nobody_leave_one_line(campaign, home, now):
    recipient = inside(campaign)
    for minute in range(0, 8, 2):
        if minute == 4:
            unsubscribed_behind_our_back(recipient)
            inside(campaign)
        at = timezone.now() + timedelta(minutes=minute)
        sweep_by_itself(now=at)
        work_on_run(run_id=DeEnrollmentRun.objects.latest("pk").pk, now=at)

    assert list(DeEnrollmentRun.objects.order_by("pk").values_list("removed", flat=True)) == [1, 0]


def test_a_run_whose_worker_fell_silent_is_given_to_another(campaign, home, now):
    run = ask_for_run(organization=home, actor=SYSTEM, now=now, in_background=False)
    DeEnrollmentRun.objects.filter(pk=run.pk).update(heartbeat_at=now - timedelta(minutes=5))

    assert [sweep_by_itself(now=now), sweep_by_itself(now=now)] == [1, 0]


def test_what_is_old_goes_the_people_first(campaign, home, now):
    unsubscribed_behind_our_back(inside(campaign))
    run = sweep(home, now)
    at = run.finished_at

    removed = [remove_old_runs(now=at + timedelta(days=days)) for days in (89, 91, 401)]

    assert (removed, DeEnrollmentLog.objects.count(), DeEnrollmentRun.objects.count()) == ([0, 1, 1], 0, 0)


def test_all_clear_late_and_never_swept_are_told_apart(campaign, home, now):
    inside(campaign)
    never = health_of(home, now=now)
    sweep(home, now)

    assert (never.status, health_of(home, now=timezone.now()).status) == ("overdue", "ok")
    assert health_of(home, now=now + timedelta(hours=1)).status == "overdue"
    assert health_of(OrganizationFactory(), now=now).status == "ok"


def test_booking_and_a_sweep_agree(campaign, home, now):
    recipient = inside(campaign)
    book(lead=recipient.lead, actor=SYSTEM, now=now)

    assert (sweep(home, now).found, out(recipient)) == (0, "booked")


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(everybody=st.lists(st.lists(st.sampled_from(sorted(NEWS)), max_size=3), min_size=1, max_size=6))
def test_whatever_came_the_sum_holds_and_nobody_is_left_who_must_leave(everybody, campaign, home, now):
    save = transaction.savepoint_create()
    people = [inside(campaign) for _ in everybody]
    Lead.objects.filter(organization=home).update(email_normalized=_own_domain())
    for recipient, news in zip(people, everybody, strict=True):
        recipient.lead.refresh_from_db()
        for each in dict.fromkeys(news):
            if not Suppression.objects.filter(address=recipient.lead.email_normalized).exists():
                NEWS[each](recipient)

    run = sweep(home, now)

    assert run.found == run.removed == sum(run.by_reason.values()) == sum(1 for news in everybody if any(news))
    assert count_by_reason(Scope(home), now=now) == {}
    assert campaign.recipients.inside().count() == Campaign.objects.get(pk=campaign.pk).active_leads_count
    assert Outcome.FOUND not in DeEnrollmentLog.objects.values_list("outcome", flat=True)
    transaction.savepoint_rollback(save)


def _own_domain() -> Any:
    return Concat(Value("p@own"), Cast(F("id"), CharField()), Value(".example"))


def test_statements_are_as_many_for_one_as_for_thirty(campaign, home, now, django_assert_max_num_queries):
    for _ in range(30):
        unsubscribed_behind_our_back(inside(campaign))
    with django_assert_max_num_queries(44):
        run = sweep(home, now)

    assert (run.removed, connection.vendor) == (30, "postgresql")


@pytest.mark.django_db(transaction=True)
def test_somebody_who_opts_out_in_the_moment_of_the_sweep_leaves_once_for_the_weightier_reason(campaign, home, now):
    recipient = inside(campaign, replied_at=now)
    run = ask_for_run(organization=home, actor=SYSTEM, now=now, in_background=False)

    one_behind_the_other(
        partial(stop_recipient, recipient.pk, reason=ExitReason.UNSUBSCRIBED, at=now),
        partial(work_on_run, run_id=run.pk, now=now),
    )

    run.refresh_from_db()
    assert (out(recipient), run.removed, run.already_out) == ("unsubscribed", 0, 1)
    assert Campaign.objects.get().active_leads_count == 0
