"""The verbs of a campaign, pressed on its page."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns import lifecycle, preflight
from campaigns.models import Campaign, CampaignSender, Job, Recipient, Variant
from campaigns.tests.factories import RecipientFactory
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.admin.browsers import press


def dialog(campaign: Any, verb: str) -> str:
    return reverse(f"admin:campaigns_campaign_{verb}", args=[campaign.pk])


def test_the_start_button_says_how_many_people_get_mail(manager: Client, campaign: Any) -> None:
    page = manager.get(dialog(campaign, "start")).content.decode()

    assert "Start \N{EN DASH} email 1 person" in page
    assert Campaign.objects.get().status == "draft"


def test_start_starts_and_is_on_record_with_who_did_it(manager: Client, campaign: Any) -> None:
    answer = press(manager, dialog(campaign, "start"))

    entry = AuditLog.objects.get(action="campaign.started")
    assert answer["HX-Redirect"] == reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    assert Campaign.objects.get().status == "running"
    assert (entry.via, entry.actor_kind) == ("admin", "user")


def test_what_blocks_the_start_is_listed_and_the_button_says_so(manager: Client, campaign: Any) -> None:
    CampaignSender.objects.all().delete()

    page = manager.get(dialog(campaign, "start")).content.decode()

    assert "It has no sender. Choose at least one sender for it." in page
    assert "Fix 1 problem first" in page


def test_a_start_that_is_refused_says_why_in_the_dialog_and_changes_nothing(manager: Client, campaign: Any) -> None:
    CampaignSender.objects.all().delete()

    answer = press(manager, dialog(campaign, "start"))

    assert "HX-Redirect" not in answer
    assert "The campaign cannot start: it has no sender. Choose at least one sender for it." in answer.content.decode()
    assert 'role="alert"' in answer.content.decode()
    assert Campaign.objects.get().status == "draft"


def test_a_verb_from_a_page_that_was_open_too_long_is_refused_with_what_is_possible(
    manager: Client, campaign: Any
) -> None:
    answer = press(manager, dialog(campaign, "pause"))

    assert "A campaign that is draft cannot be paused. Possible now: start, schedule." in answer.content.decode()


def test_schedule_takes_the_time_in_the_campaigns_own_zone(manager: Client, campaign: Any) -> None:
    Campaign.objects.update(timezone="Europe/Prague")

    press(manager, dialog(campaign, "schedule"), at="2099-01-15T09:30")

    found = Campaign.objects.get()
    assert (found.status, found.scheduled_at) == ("scheduled", datetime(2099, 1, 15, 8, 30, tzinfo=UTC))


def test_a_time_that_has_passed_is_refused_and_what_was_typed_stays(manager: Client, campaign: Any) -> None:
    answer = press(manager, dialog(campaign, "schedule"), at="2020-01-15T09:30").content.decode()

    assert "has passed already. Choose a time to come, or start now." in answer
    assert "2020-01-15T09:30" in answer


@pytest.mark.parametrize(
    ("verb", "before", "after"),
    [
        ("unschedule", {"status": "scheduled", "scheduled_at": timezone.now()}, "draft"),
        ("pause", {"status": "running", "started_at": timezone.now()}, "paused"),
        ("resume", {"status": "paused", "started_at": timezone.now(), "paused_at": timezone.now()}, "running"),
        ("stop", {"status": "running", "started_at": timezone.now()}, "stopped"),
        ("archive", {"status": "stopped"}, "archived"),
        ("restore", {"status": "archived", "completed_at": timezone.now()}, "completed"),
    ],
)
def test_each_verb_moves_the_campaign(manager: Client, campaign: Any, verb: str, before: Any, after: str) -> None:
    Campaign.objects.update(**before)
    lifecycle.complete_finished(now=timezone.now())  # as workers do all the time

    answer = press(manager, dialog(campaign, verb))

    assert answer.has_header("HX-Redirect"), answer.content.decode()
    assert Campaign.objects.get().status == after


def test_the_reason_for_a_pause_is_kept(manager: Client, campaign: Any) -> None:
    Campaign.objects.update(status="running", started_at=timezone.now())

    press(manager, dialog(campaign, "pause"), reason="wrong price in step 2")

    assert AuditLog.objects.get(action="campaign.paused").reason == "wrong price in step 2"


def test_stop_is_red_final_and_says_whom_it_concerns(manager: Client, campaign: Any) -> None:
    Campaign.objects.update(status="running", started_at=timezone.now())

    page = manager.get(dialog(campaign, "stop")).content.decode()

    assert "Stop for good \N{EN DASH} 1 person" in page
    assert "fl-button-danger" in page


def test_a_copy_has_the_content_and_not_the_people(operator: Client, campaign: Any) -> None:
    press(operator, dialog(campaign, "duplicate"), name="Winter")

    copy = Campaign.objects.get(name="Winter")
    assert (copy.steps.count(), copy.campaign_senders.count()) == (1, 1)
    assert not Recipient.objects.filter(campaign=copy).exists()


def test_a_start_holds_the_first_mail_for_a_minute_and_says_so(manager: Client, campaign: Any) -> None:
    page = manager.get(dialog(campaign, "start")).content.decode()
    press(manager, dialog(campaign, "start"))

    found = Campaign.objects.get()
    assert "Nothing leaves within the first 60 seconds" in page
    assert found.hold_until is not None
    assert found.started_at is not None
    assert (found.hold_until - found.started_at).total_seconds() == 60


def test_warnings_have_to_be_read_before_a_start(manager: Client, campaign: Any) -> None:
    campaign.recipients.update(email_address="info@acme.example")

    unread = press(manager, dialog(campaign, "start"))
    before = Campaign.objects.get().status
    press(manager, dialog(campaign, "start"), has_read="on")

    assert "I have read the warning" in unread.content.decode()
    assert (before, Campaign.objects.get().status) == ("draft", "running")
    assert AuditLog.objects.get(action="campaign.started").after["warnings"] == ["role_addresses"]


def test_a_start_from_a_dialog_that_was_open_while_the_audience_grew_is_refused(manager: Client, campaign: Any) -> None:
    seen = preflight.snapshot(campaign)
    RecipientFactory(campaign=campaign)

    answer = press(manager, dialog(campaign, "start"), snapshot=seen)

    assert "the audience changed since it was checked" in answer.content.decode()
    assert Campaign.objects.get().status == "draft"


def test_resuming_asks_what_becomes_of_what_came_due(manager: Client, campaign: Any) -> None:
    now = timezone.now()
    Campaign.objects.update(status="paused", started_at=now, paused_at=now - timedelta(hours=2))
    Recipient.objects.update(next_step=campaign.steps.get(), next_send_at=now - timedelta(hours=1))

    page = manager.get(dialog(campaign, "resume")).content.decode()
    press(manager, dialog(campaign, "resume"), overdue="shift")

    assert "1 mail is due. The pause lasted 2\N{NO-BREAK SPACE}hours." in page
    assert Recipient.objects.get().next_send_at > now


def test_checking_says_how_many_mails_were_made(operator: Client, campaign: Any) -> None:
    answer = press(operator, dialog(campaign, "preflight"))

    page = operator.get(answer["HX-Redirect"]).content.decode()
    assert "1 mail was made. It can start." in page


def test_what_stands_in_the_way_of_a_start_is_named_and_no_good_news(operator: Client, campaign: Any) -> None:
    campaign.steps.all().delete()

    answer = press(operator, dialog(campaign, "preflight"))

    told = [*operator.get(answer["HX-Redirect"]).context["messages"]]
    assert [(each.level_tag, "It cannot start as it is." in each.message) for each in told] == [("error", True)]
    assert "It has no step." in told[0].message


def test_a_large_campaign_is_checked_by_a_job_before_its_start(
    manager: Client, campaign: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(preflight.look, "__kwdefaults__", {"at_once": 0})

    page = manager.get(dialog(campaign, "start")).content.decode()
    press(manager, dialog(campaign, "preflight"))

    assert "Check every mail first" in page
    assert Job.objects.get(kind="preflight").total == 1


def test_a_test_mail_is_sent_from_its_dialog(operator: Client, campaign: Any) -> None:
    page = operator.get(dialog(campaign, "send_test")).content.decode()
    wording, lead = Variant.objects.get(), campaign.recipients.get().lead

    asked = {"to": "me@a.example", "wording": wording.pk, "lead": lead.pk}
    answer = press(operator, dialog(campaign, "send_test"), **asked, somebody=lead.email.upper())
    unknown = press(operator, dialog(campaign, "send_test"), **asked, somebody="nobody@a.example")

    # Nobody listens where the sandbox delivers in tests, and that is what is said.
    assert "The worst case" in page
    assert "Not every test was sent." in answer.content.decode()
    assert "has the address nobody@a.example" in unknown.content.decode()
    assert AuditLog.objects.get(action="campaign.test_sent").via == "admin"


def test_the_overview_answers_why(manager: Client, campaign: Any) -> None:
    page = manager.get(reverse("admin:campaigns_campaign_change", args=[campaign.pk])).content.decode()
    part = manager.get(reverse("admin:campaigns_campaign_why", args=[campaign.pk])).content.decode()

    assert "<summary" in page
    assert "Not started yet." in part
    assert "No worker is running. Start one: manage.py run_worker." in part
