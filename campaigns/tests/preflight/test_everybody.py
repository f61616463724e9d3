"""Every mail is made before the first one leaves; a large campaign's by a job that a killed worker does not lose."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.utils import timezone

from campaigns import lifecycle, preflight
from campaigns.errors import PreflightNeeded, SnapshotChanged, StartRefused, WarningsNotAccepted
from campaigns.models import Campaign, Job, JobKind, Link, Message, Recipient, Sender, Variant
from campaigns.preflight import everybody, jobs, report
from campaigns.sending.work import due_campaigns
from campaigns.tests.factories import LeadFactory, RecipientFactory, VariantFactory
from campaigns.tests.sending.sending import ready_campaign, started_campaign
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from leads.models import Lead

pytestmark = pytest.mark.django_db

scheduling = import_module("campaigns.lifecycle.schedule")  # the package gives the verb of that name
# Fails for one value alone: presence says nothing about it.
PICKY = "{% if first_name == 'Eve' %}{{ country }}{% else %}Hello{% endif %}"
BUDGET = timedelta(seconds=30)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def small_chunks(monkeypatch):
    """As if every campaign were large: nothing is checked at once, and a chunk is three people."""
    monkeypatch.setattr(everybody, "CHUNK", 3)
    monkeypatch.setattr(report.look, "__kwdefaults__", {"at_once": 0})


def spoil_one(campaign):
    odd = Lead.objects.filter(recipients__campaign=campaign).order_by("-pk").first()
    Lead.objects.filter(pk=odd.pk).update(first_name="Eve", country="")
    Variant.objects.filter(step__campaign=campaign).update(body_text=PICKY)
    return odd


def test_one_persons_value_that_spoils_the_mail_is_found_among_many(now):
    campaign = ready_campaign(people=30, now=now)
    odd = spoil_one(campaign)

    found = preflight.look(campaign, now=now)

    assert [(one.code, one.count, one.leads) for one in found.blocking] == [("merge_value_missing", 1, (odd.pk,))]
    assert (found.mails, found.rendered) == (30, 30)


def test_making_every_mail_writes_nothing(now):
    campaign = ready_campaign(people=3, steps=2, now=now)
    before = AuditLog.objects.count()

    preflight.look(campaign, now=now)

    assert (Message.objects.count(), Link.objects.count(), AuditLog.objects.count()) == (0, 0, before)


def test_a_start_is_refused_for_what_only_one_mail_shows(now):
    campaign = ready_campaign(people=5, now=now)
    spoil_one(campaign)

    with pytest.raises(StartRefused) as refused:
        lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)

    assert refused.value.code == "merge_value_missing"
    assert Campaign.objects.get().status == "draft"


def test_an_address_that_cannot_be_written_to_is_a_warning_and_fails_alone(now):
    campaign = ready_campaign(people=2, now=now)
    Recipient.objects.filter(pk=campaign.recipients.first().pk).update(email_address="no address")

    found = preflight.look(campaign, now=now)

    assert ([one.code for one in found.warnings], found.blocking) == (["address_unusable"], [])
    assert lifecycle.start(campaign=campaign, actor=SYSTEM, now=now).status == "running"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda campaign: Variant.objects.update(version=2), "the content"),
        (lambda campaign: Campaign.objects.update(track_clicks=False), "the content"),
        (lambda campaign: Sender.objects.update(name="Somebody else"), "the content"),
        (lambda campaign: RecipientFactory(campaign=campaign), "the audience"),
        (lambda campaign: Lead.objects.update(updated_at=timezone.now()), "the audience"),
        (
            lambda campaign: Recipient.objects.filter(pk=campaign.recipients.first().pk).update(
                status="stopped", exit_reason="de_enrolled", exited_at=timezone.now(), occupies=False
            ),
            "the audience",
        ),
    ],
)
def test_a_start_bound_to_a_snapshot_is_refused_once_content_or_audience_changed(change, what, now):
    campaign = ready_campaign(now=now)
    seen = preflight.look(campaign, now=now).snapshot
    change(campaign)

    with pytest.raises(SnapshotChanged) as refused:
        lifecycle.start(campaign=Campaign.objects.get(), actor=SYSTEM, now=now, snapshot=seen)

    assert what in refused.value.message
    assert Campaign.objects.get().status == "draft"


def test_a_start_bound_to_the_present_snapshot_goes_through_and_says_so_in_the_audit_log(now):
    campaign = ready_campaign(now=now)
    seen = preflight.look(campaign, now=now).snapshot

    lifecycle.start(campaign=campaign, actor=SYSTEM, now=now, snapshot=seen)

    assert AuditLog.objects.get(action="campaign.started").after == {
        "status": "running",
        "snapshot": seen,
        "warnings": [],
    }


def test_warnings_refuse_only_a_start_that_names_those_it_accepts(now):
    campaign = ready_campaign(now=now)
    lead = LeadFactory(organization=campaign.organization, email="info@acme.example")
    RecipientFactory(campaign=campaign, lead=lead)

    with pytest.raises(WarningsNotAccepted) as refused:
        lifecycle.start(campaign=campaign, actor=SYSTEM, now=now, accept_warnings=[])
    started = lifecycle.start(campaign=campaign, actor=SYSTEM, now=now, accept_warnings=["role_addresses"])

    assert "role_addresses" in refused.value.message
    assert started.status == "running"


def test_a_large_campaign_starts_only_after_a_job_has_made_its_mails(now, small_chunks):
    campaign = ready_campaign(people=8, now=now)

    with pytest.raises(PreflightNeeded):
        lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)
    job = preflight.queue_check(campaign, actor=SYSTEM, now=now)
    has_more = jobs.run_check(job_id=job.pk, now=now, budget=BUDGET)
    started = lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)

    job.refresh_from_db()
    assert (has_more, job.status, job.done, job.total, job.failed) == (False, "succeeded", 8, 8, 0)
    assert started.status == "running"


def test_what_the_job_found_blocks_the_start(now, small_chunks):
    campaign = ready_campaign(people=8, now=now)
    odd = spoil_one(campaign)
    job = preflight.queue_check(campaign, actor=SYSTEM, now=now)
    jobs.run_check(job_id=job.pk, now=now, budget=BUDGET)

    with pytest.raises(StartRefused) as refused:
        lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)

    problem = refused.value.details["problems"][0]
    assert (problem["code"], problem["leads"]) == ("merge_value_missing", [odd.pk])


def test_a_check_of_a_campaign_that_was_changed_meanwhile_lets_nobody_start(now, small_chunks):
    campaign = ready_campaign(people=4, now=now)
    job = preflight.queue_check(campaign, actor=SYSTEM, now=now)
    Variant.objects.update(version=2)
    jobs.run_check(job_id=job.pk, now=now, budget=BUDGET)

    with pytest.raises(PreflightNeeded):
        lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)

    job.refresh_from_db()
    assert (job.status, "changed while" in job.error_message) == ("canceled", True)


def test_a_check_goes_on_where_a_killed_worker_left_off(now, small_chunks):
    campaign = ready_campaign(people=7, now=now)
    job = preflight.queue_check(campaign, actor=SYSTEM, now=now)
    jobs._next_chunk(Job.objects.select_related("campaign__organization").get(pk=job.pk), now)
    Job.objects.filter(pk=job.pk).update(heartbeat_at=now - timedelta(minutes=5))

    stalled = jobs.take_stalled()
    jobs.run_check(job_id=job.pk, now=now, budget=BUDGET)

    job.refresh_from_db()
    assert (stalled, job.status, job.done) == ([job.pk], "succeeded", 7)


def test_of_two_workers_on_one_check_each_chunk_counts_once(now, small_chunks):
    campaign = ready_campaign(people=6, now=now)
    job = preflight.queue_check(campaign, actor=SYSTEM, now=now)
    same = [Job.objects.select_related("campaign__organization").get(pk=job.pk) for _ in range(2)]

    moved = [jobs._next_chunk(each, now) for each in same]

    job.refresh_from_db()
    assert (moved, job.done) == ([True, False], 3)


def test_asking_twice_gives_one_job_and_a_change_a_new_one(now, small_chunks):
    campaign = ready_campaign(people=4, now=now)

    first = preflight.queue_check(campaign, actor=SYSTEM, now=now)
    again = preflight.queue_check(campaign, actor=SYSTEM, now=now)
    Variant.objects.update(version=2)
    other = preflight.queue_check(campaign, actor=SYSTEM, now=now)

    first.refresh_from_db()
    assert (first.pk, first.status, other.pk == first.pk) == (again.pk, "canceled", False)


def test_a_large_scheduled_campaign_is_checked_by_a_job_and_then_starts(now, small_chunks, monkeypatch):
    monkeypatch.setattr(scheduling, "AT_ONCE", 0)
    campaign = ready_campaign(people=4, now=now)
    hour = now + timedelta(hours=1)
    lifecycle.schedule(campaign=campaign, at=hour, actor=SYSTEM, now=now)

    at_the_hour = lifecycle.start_due(now=hour)
    job = Job.objects.get(kind=JobKind.PREFLIGHT)
    while_it_runs = lifecycle.start_due(now=hour)
    jobs.run_check(job_id=job.pk, now=hour, budget=BUDGET)
    after = lifecycle.start_due(now=hour)

    assert (at_the_hour, while_it_runs, after, Campaign.objects.get().status) == (0, 0, 1, "running")


def test_a_scheduled_campaign_whose_check_breaks_off_is_paused_with_the_reason(now, small_chunks, monkeypatch):
    monkeypatch.setattr(scheduling, "AT_ONCE", 0)
    campaign = ready_campaign(people=4, now=now)
    hour = now + timedelta(hours=1)
    lifecycle.schedule(campaign=campaign, at=hour, actor=SYSTEM, now=now)
    lifecycle.start_due(now=hour)
    jobs.fail_check(job_id=Job.objects.get(kind=JobKind.PREFLIGHT).pk, message="It broke off.")

    lifecycle.start_due(now=hour)

    found = Campaign.objects.get()
    assert (found.status, found.status_code) == ("paused", "start_refused")
    assert "It broke off." in found.status_message


def test_a_running_campaign_is_resumed_without_making_every_mail_again(now, small_chunks):
    campaign = ready_campaign(people=4, now=now)
    Campaign.objects.update(status="paused", started_at=now, paused_at=now)

    assert lifecycle.resume(campaign=campaign, actor=SYSTEM, now=now).status == "running"


def test_resuming_may_move_every_waiting_step_by_the_length_of_the_pause(now):
    campaign = started_campaign(people=2, now=now)
    lifecycle.pause(campaign=campaign, actor=SYSTEM, now=now + timedelta(hours=1))

    lifecycle.resume(campaign=campaign, actor=SYSTEM, now=now + timedelta(days=2, hours=1), overdue="shift")

    assert set(Recipient.objects.values_list("next_send_at", flat=True)) == {now + timedelta(days=2)}


def test_no_mail_leaves_before_the_hold_is_over_and_a_pause_ends_it(now):
    campaign = ready_campaign(people=1, now=now)

    held = lifecycle.start(campaign=campaign, actor=SYSTEM, now=now, hold=timedelta(seconds=60))
    Recipient.objects.update(next_send_at=now)  # as one enrolled during the hold is
    worked_on = [bool(due_campaigns(now=now + timedelta(seconds=wait))) for wait in (59, 60)]
    paused = lifecycle.pause(campaign=held, actor=SYSTEM, now=now + timedelta(seconds=20))

    assert (held.hold_until, worked_on) == (now + timedelta(seconds=60), [False, True])
    assert (paused.status, paused.hold_until) == ("paused", None)


@pytest.mark.parametrize(
    ("sandbox", "check", "warned"), [(False, "spf", True), (True, "spf", False), (True, "login", True)]
)
def test_a_sender_that_failed_its_last_check_is_warned_of_and_dns_never_in_a_sandbox(
    now, settings, sandbox, check, warned
):
    settings.SANDBOX = sandbox
    campaign = ready_campaign(now=now)
    failed = {"code": check, "status": "fail", "message": "It is wrong.", "hint": "Mend it."}
    Sender.objects.update(health={"status": "fail", "checks": [failed, {**failed, "status": "unknown"}]})

    found = preflight.look(campaign, now=now)

    assert [one.code for one in found.warnings] == (["sender_unhealthy"] if warned else [])


@pytest.mark.parametrize(
    ("change", "code", "level"),
    [
        (lambda: Variant.objects.update(subject="Re: our call"), "false_reply", "warn"),
        (lambda: Variant.objects.update(subject="BUY THIS NOW"), "shouting", "warn"),
        (lambda: Variant.objects.update(body_html='<a href="http://a.example">x</a>'), "link_not_https", "warn"),
        (lambda: Variant.objects.update(subject="{Hi|Hello} you"), "foreign_placeholder", "warn"),
        (lambda: Variant.objects.update(body_html="<p>Dear %FIRSTNAME%</p>"), "foreign_placeholder", "warn"),
        (lambda: Campaign.objects.update(daily_new_leads=1), "duration", "info"),
        (lambda: Campaign.objects.update(daily_limit=1, active_leads_count=11), "capacity", "warn"),
        (lambda: Recipient.objects.update(email_address="sales@acme.example"), "role_addresses", "warn"),
        (lambda: Lead.objects.update(is_disposable=True), "disposable_addresses", "warn"),
        (lambda: VariantFactory(step__campaign=Campaign.objects.get()), "replies_not_read", "info"),
    ],
)
def test_what_is_worth_reading_is_told_at_its_level_and_blocks_nothing(now, change, code, level):
    ready_campaign(now=now)
    change()

    found = preflight.look(Campaign.objects.select_related("organization").get(), now=now)

    assert (code, level) in {(one.code, one.level) for one in found.problems}
    assert found.blocking == []


@pytest.mark.parametrize(("sandbox", "limit", "warned"), [(False, None, True), (False, 40, False), (True, None, False)])
def test_a_mailbox_without_any_limit_is_warned_of_where_mails_are_real(now, settings, sandbox, limit, warned):
    campaign = ready_campaign(now=now)
    settings.SANDBOX = sandbox
    Sender.objects.update(kind="smtp", host="mail.example.com", port=587, daily_limit=limit)
    Campaign.objects.update(active_leads_count=51)
    campaign.refresh_from_db()

    codes = {one.code for one in preflight.look(campaign, now=now).warnings}

    assert ("sender_unlimited" in codes) is warned
