"""The verbs: each from the states it may leave, audited, and refused with what is possible instead."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from campaigns import lifecycle, preflight
from campaigns.delivery.memory import MemoryBackend
from campaigns.delivery.outcomes import Uncertain
from campaigns.enrollment import Selection, enroll, stop_recipient
from campaigns.errors import StartRefused, StateConflict
from campaigns.lifecycle.end import STOP_BATCH
from campaigns.lifecycle.transitions import move
from campaigns.models import Campaign, CampaignStatus, ExitReason, Recipient, RecipientStatus, Sender, Variant
from campaigns.models.verbs import FROM
from campaigns.tests.factories import CampaignFactory, LeadFactory
from campaigns.tests.sending.sending import Road, ready_campaign, send_all, started_campaign
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import NotFound, Refused, StateRefused
from campaigns_project.tests.processes import wait_until
from campaigns_project.tests.sessions import beside, waiting_for_locks
from leads.models import Lead

pytestmark = pytest.mark.django_db
HOUR = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def now():
    return timezone.now()


def in_state(status, now):
    paused_at = now if status == "paused" else None
    return CampaignFactory(status=status, started_at=now, paused_at=paused_at, scheduled_at=now)


def take(verb, campaign, now):
    extra = {"at": now + timedelta(hours=1)} if verb == "schedule" else {}
    return getattr(lifecycle, verb)(campaign=campaign, actor=SYSTEM, now=now, **extra)


@pytest.mark.parametrize("verb", sorted(FROM))
@pytest.mark.parametrize("status", CampaignStatus.values)
def test_a_verb_is_refused_from_every_state_it_does_not_leave(verb, status, now):
    if status in FROM[verb]:
        return
    campaign = in_state(status, now)

    with pytest.raises(StateConflict) as refused:
        take(verb, campaign, now)

    campaign.refresh_from_db()
    assert campaign.status == status
    assert refused.value.details == {
        "current_status": status,
        "allowed_actions": [name for name, states in FROM.items() if status in states],
    }
    assert AuditLog.objects.count() == 0


def test_the_whole_life_is_audited_with_before_and_after(now):
    campaign = ready_campaign(now=now)

    for verb in ("schedule", "unschedule", "start", "pause", "resume", "stop", "archive", "restore"):
        campaign = take(verb, campaign, now)

    rows = AuditLog.objects.about(campaign).filter(before__isnull=False).order_by("id")
    assert [(row.before["status"], row.after["status"]) for row in rows] == [
        ("draft", "scheduled"),
        ("scheduled", "draft"),
        ("draft", "running"),
        ("running", "paused"),
        ("paused", "running"),
        ("running", "stopped"),
        ("stopped", "archived"),
        ("archived", "stopped"),
    ]


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        ("completed", {"completed_at": HOUR}),
        ("stopped", {}),
        (
            "failed",
            {"failed_at": HOUR, "status_code": "nobody_found", "status_message": "Nobody.", "status_error": "0"},
        ),
    ],
)
def test_what_is_taken_out_of_the_archive_is_what_it_was_and_says_why(status, fields, now):
    campaign = CampaignFactory(status=status, **fields)

    restored = take("restore", take("archive", campaign, now), now)

    assert {name: getattr(restored, name) for name in ("status", *fields)} == {"status": status, **fields}


def archived_after_a_failure(now):
    campaign = started_campaign(people=2, now=now)
    Campaign.objects.filter(pk=campaign.pk).update(status="failed", failed_at=now, status_message="Nobody.")
    return lifecycle.archive(campaign=campaign, actor=SYSTEM, now=now)


def test_an_archive_is_not_taken_back_before_those_have_left_who_were_told_to_leave_for_good(now):
    campaign = archived_after_a_failure(now)

    with pytest.raises(StateRefused) as refused:
        take("restore", campaign, now)
    lifecycle.complete_finished(now=now)

    assert refused.value.code == "still_being_archived"
    assert str(refused.value).endswith(
        "is still being put away: whoever was in it is leaving it. Try again in a moment."
    )
    assert take("restore", campaign, now).status == "failed"
    assert set(Recipient.objects.values_list("exit_reason", flat=True)) == {"campaign_stopped"}


@pytest.mark.django_db(transaction=True)
def test_whoever_is_being_let_in_while_it_is_put_away_leaves_before_it_is_taken_back(now):
    """Three connections: it is put away and taken back while the first has somebody in hand."""
    campaign = CampaignFactory(status="failed", failed_at=now)
    selection = Selection(lead_ids=[LeadFactory(organization=campaign.organization).pk])
    restored = []

    def restore():
        try:
            take("restore", campaign, now)
        finally:
            connection.close()

    def put_away_and_taken_back(execute, sql, params, many, context):
        if str(sql).startswith("SET CONSTRAINTS") and not restored:
            beside(lambda: take("archive", campaign, now))
            restored.append(pool.submit(restore))
            wait_until(lambda: waiting_for_locks() or restored[0].done(), "the archive is to be taken back")
        return execute(sql, params, many, context)

    with ThreadPoolExecutor(1) as pool:
        with connection.execute_wrapper(put_away_and_taken_back):
            enroll(campaign=campaign, selection=selection, actor=SYSTEM, now=now)
        with pytest.raises(StateRefused) as refused:
            restored[0].result(timeout=30)

    assert refused.value.code == "still_being_archived"


def test_what_runs_again_before_the_letting_go_has_ended_keeps_whoever_came_since_and_its_job(now):
    campaign = archived_after_a_failure(now)
    came = LeadFactory(organization=campaign.organization)
    looks = []

    def restored_meanwhile(execute, sql, params, many, context):
        if sql.endswith(f"LIMIT {STOP_BATCH}"):
            looks.append(sql)
            if len(looks) == 2:  # the first batch was all of them
                lifecycle.complete_finished(now=now)  # by another worker
                selection = Selection(lead_ids=[came.pk])
                enroll(campaign=take("restore", campaign, now), selection=selection, actor=SYSTEM, now=now)
                take("resume", campaign, now)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(restored_meanwhile):
        lifecycle.complete_finished(now=now)

    campaign.refresh_from_db()
    assert (campaign.status, campaign.jobs.filter(kind="send").latest("pk").status) == ("running", "running")
    assert Recipient.objects.get(status__in=RecipientStatus.IN).lead == came


def test_stopping_takes_everybody_out_and_frees_them(now):
    campaign = started_campaign(people=3, now=now)

    lifecycle.stop(campaign=campaign, actor=SYSTEM, now=now)

    assert set(Recipient.objects.values_list("status", "exit_reason", "occupies")) == {
        ("stopped", "campaign_stopped", False)
    }


def test_a_campaign_being_deleted_obeys_no_verb(now):
    campaign = ready_campaign(now=now)
    Campaign.objects.filter(pk=campaign.pk).update(deleting_at=now)

    with pytest.raises(NotFound):
        lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda campaign: campaign.recipients.all().delete(), "no_recipients"),
        (lambda campaign: campaign.steps.all().delete(), "no_steps"),
        (lambda campaign: Variant.objects.update(is_active=False), "no_variant"),
        (lambda campaign: campaign.campaign_senders.all().delete(), "no_sender"),
        (lambda campaign: Sender.objects.update(status="paused", status_reason="login refused"), "no_sender"),
        (lambda campaign: Variant.objects.update(subject="{{ first_name"), "template_invalid"),
        (lambda campaign: Variant.objects.update(subject="{{ frist_name }}"), "unknown_merge_field"),
        (lambda campaign: Variant.objects.update(subject="{{ country }}"), "merge_value_missing"),
        (lambda campaign: Variant.objects.update(body_html="{{ custom.industry }}"), "merge_value_missing"),
    ],
)
def test_what_blocks_the_start_is_named_and_nothing_changes(spoil, code, now):
    campaign = ready_campaign(now=now)
    spoil(campaign)
    audited = AuditLog.objects.count()

    with pytest.raises(StartRefused) as refused:
        lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)

    campaign.refresh_from_db()
    assert code in [problem["code"] for problem in refused.value.details["problems"]]
    assert all(problem["hint"] for problem in refused.value.details["problems"])
    assert (campaign.status, campaign.started_at, AuditLog.objects.count()) == ("draft", None, audited)


def test_without_a_postal_address_no_campaign_starts(now):
    campaign = ready_campaign(now=now)
    campaign.organization.postal_address = " "
    campaign.organization.save()

    with pytest.raises(StartRefused) as refused:
        lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)

    assert refused.value.code == "postal_address_missing"


def test_a_missing_value_is_found_for_one_among_many_and_counted(now):
    campaign = ready_campaign(people=20, now=now)
    odd = Lead.objects.order_by("pk")[7]
    Lead.objects.filter(pk=odd.pk).update(company="  ")
    Variant.objects.update(subject="For {{ company }}")

    with pytest.raises(StartRefused) as refused:
        lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)

    problem = refused.value.details["problems"][0]
    assert (problem["code"], problem["count"]) == ("merge_value_missing", 1)
    assert f"lead {odd.pk}" in problem["message"]


def test_a_field_behind_a_condition_or_with_a_fallback_is_not_missed(now):
    campaign = ready_campaign(people=2, now=now)
    Lead.objects.update(company="")
    Variant.objects.update(
        subject="{% if company %}For {{ company }}{% else %}For you{% endif %}",
        body_text="{{ country | default: 'here' }}",
    )

    assert lifecycle.start(campaign=campaign, actor=SYSTEM, now=now).status == "running"


def test_a_schedule_in_the_past_is_refused(now):
    campaign = ready_campaign(now=now)

    with pytest.raises(Refused) as refused:
        lifecycle.schedule(campaign=campaign, at=now - timedelta(seconds=1), actor=SYSTEM, now=now)

    assert refused.value.code == "time_in_the_past"


def test_a_schedule_starts_when_its_hour_comes_and_not_before(now):
    campaign = ready_campaign(now=now)
    lifecycle.schedule(campaign=campaign, at=now + timedelta(hours=1), actor=SYSTEM, now=now)

    early = lifecycle.start_due(now=now + timedelta(minutes=59))
    in_time = lifecycle.start_due(now=now + timedelta(hours=1))

    campaign.refresh_from_db()
    assert (early, in_time, campaign.status) == (0, 1, "running")


@pytest.mark.parametrize(("late", "status"), [(timedelta(hours=23), "running"), (timedelta(hours=25), "paused")])
def test_a_missed_hour_starts_late_only_within_a_day(late, status, now):
    campaign = ready_campaign(now=now)
    lifecycle.schedule(campaign=campaign, at=now + timedelta(hours=1), actor=SYSTEM, now=now)

    lifecycle.start_due(now=now + timedelta(hours=1) + late)

    campaign.refresh_from_db()
    assert campaign.status == status
    if status == "paused":
        assert "missed" in campaign.status_message
        resumed = lifecycle.resume(campaign=campaign, actor=SYSTEM, now=now)
        road = Road()
        assert (send_all(resumed, road), len(road.backend.mails)) == (2, 2)


def test_a_schedule_that_cannot_start_is_held_with_the_reason(now):
    campaign = ready_campaign(now=now)
    lifecycle.schedule(campaign=campaign, at=now + timedelta(hours=1), actor=SYSTEM, now=now)
    Sender.objects.update(status="paused", status_reason="login refused")

    lifecycle.start_due(now=now + timedelta(hours=1))

    campaign.refresh_from_db()
    assert (campaign.status, campaign.status_error) == ("paused", "no_sender")
    assert "login refused" in campaign.status_message


def test_a_copy_has_the_content_and_none_of_the_people(now):
    campaign = ready_campaign(people=2, steps=2, now=now)

    copy = lifecycle.duplicate(campaign=campaign, name="Second wave", actor=SYSTEM, now=now)

    assert (copy.status, copy.campaign_id, copy.recipients.count()) == ("draft", "second-wave", 0)
    assert list(copy.steps.values_list("position", "variants__subject")) == list(
        campaign.steps.values_list("position", "variants__subject")
    )
    assert copy.campaign_senders.count() == 1


def test_a_copy_keeps_the_windows_and_limits(now):
    settings = {
        "timezone": "Asia/Tokyo", "window_zone": "lead", "sending_days": [1, 2], "holidays": [date(2026, 12, 25)],
        "counts_sending_days": True, "daily_limit": 300, "daily_new_leads": 40,
    }  # fmt: skip
    campaign = ready_campaign(now=now, **settings)

    copy = lifecycle.duplicate(campaign=campaign, name="Second wave", actor=SYSTEM, now=now)

    assert {name: getattr(copy, name) for name in settings} == settings


def test_a_lead_that_left_may_be_taken_by_another_campaign(now):
    campaign = started_campaign(people=1, now=now)
    lifecycle.stop(campaign=campaign, actor=SYSTEM, now=now)
    LeadFactory(organization=campaign.organization)

    second = ready_campaign(people=0, organization=campaign.organization, now=now)

    assert second.recipients.count() == 2


def test_the_job_of_a_stopped_campaign_says_that_nothing_waits(now):
    campaign = started_campaign(people=2, now=now)

    lifecycle.stop(campaign=campaign, actor=SYSTEM, now=now)

    result = campaign.jobs.get(kind="send").result
    assert (result["waiting"], result["skipped"]) == (0, 2)


def test_people_of_a_stop_that_broke_off_are_freed_though_the_campaign_was_archived_since(now):
    campaign = started_campaign(people=2, now=now)
    campaign = move(campaign, "stop", to=CampaignStatus.STOPPED, actor=SYSTEM, now=now)
    lifecycle.archive(campaign=campaign, actor=SYSTEM, now=now)

    lifecycle.complete_finished(now=now)

    assert set(Recipient.objects.values_list("exit_reason", "occupies")) == {("campaign_stopped", False)}
    assert campaign.jobs.get(kind="send").status == "succeeded"


def test_a_paused_campaign_in_which_nobody_is_left_is_resumed_to_complete(now):
    campaign = started_campaign(people=1, now=now)
    lifecycle.pause(campaign=campaign, actor=SYSTEM, now=now)
    stop_recipient(Recipient.objects.get().pk, reason=ExitReason.REPLIED, at=now)

    lifecycle.resume(campaign=campaign, actor=SYSTEM, now=now)
    completed = lifecycle.complete_finished(now=now)

    campaign.refresh_from_db()
    assert (completed, campaign.status) == (1, "completed")


def test_a_campaign_completes_once_a_person_took_out_who_was_in_doubt(now):
    campaign = started_campaign(people=1, now=now)
    send_all(campaign, Road(MemoryBackend(answer=Uncertain("timeout"))))
    before = lifecycle.complete_finished(now=now)

    stop_recipient(Recipient.objects.get().pk, reason=ExitReason.DE_ENROLLED, at=now)

    assert (before, lifecycle.complete_finished(now=now)) == (0, 1)


def test_a_value_missing_in_a_mail_everybody_had_does_not_keep_the_campaign_paused(now):
    campaign = ready_campaign(people=1, steps=2, now=now)
    campaign.steps.filter(position=2).update(wait_amount=3)
    Variant.objects.filter(step__position=2).update(subject="Again", body_html="<p>Again</p>")
    campaign = lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)
    send_all(campaign, Road())
    lifecycle.pause(campaign=campaign, actor=SYSTEM, now=now)
    Lead.objects.update(first_name="")

    resumed = lifecycle.resume(campaign=campaign, actor=SYSTEM, now=now)

    assert resumed.status == "running"


def test_a_sender_without_a_host_blocks_the_start_outside_the_sandbox_only(now, settings):
    campaign = ready_campaign(now=now)
    inside = preflight.check(campaign)

    settings.SANDBOX = False
    outside = [(problem.code, problem.level) for problem in preflight.check(campaign)]

    assert (inside, outside) == ([], [("sender_unusable", "block")])


def test_a_sender_whose_address_cannot_stand_in_a_mail_blocks_the_start(now):
    campaign = ready_campaign(now=now)
    Sender.objects.update(email='"a b"@acme.example')

    with pytest.raises(StartRefused) as refused:
        lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)

    assert refused.value.code == "sender_unusable"


@pytest.mark.parametrize(
    ("wording", "what"),
    [
        ({"body_html": "<p style='color'>{{ first_name }}</p><style>p{color:red}</style>"}, "HTML"),
        ({"subject": "{% if company == 'Nobody' %}Hello{% endif %}"}, "subject comes out empty"),
    ],
)
def test_a_wording_that_can_be_made_for_nobody_blocks_the_start(wording, what, now):
    campaign = ready_campaign(now=now)
    Variant.objects.update(**wording)

    with pytest.raises(StartRefused) as refused:
        lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)

    assert (refused.value.code, what in refused.value.message) == ("template_invalid", True)


def test_a_wording_that_everybody_had_is_not_asked_about_again(now):
    campaign = ready_campaign(people=1, now=now)
    Variant.objects.update(subject="Hello", body_html="<p>Hello</p>")
    campaign = lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)
    send_all(campaign, Road())
    lifecycle.pause(campaign=campaign, actor=SYSTEM, now=now)

    assert lifecycle.resume(campaign=campaign, actor=SYSTEM, now=now).status == "running"
