"""A campaign's settings and a sender's, as forms."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign, Sender
from campaigns.scheduling.clock import day_start
from campaigns.tests.factories import SenderUsageFactory
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.admin.browsers import press

SETTINGS = {
    "name": "Autumn", "description": "", "timezone": "Europe/Prague", "priority": 0, "track_opens": "on",
    "track_clicks": "on", "stop_on_reply": "on", "stop_on_booking": "on",
    "window_start": "", "window_end": "", "window_zone": "campaign",
}  # fmt: skip
SENDER = {"email": "petr@example.com", "name": "Petr", "reply_to": "", "host": "smtp.example.com", "port": 587,
          "security": "starttls", "username": "petr", "kind": "smtp", "max_connections": 4, "gap_seconds": 0,
          "gap_jitter_seconds": 0, "ramp_increase": 0, "timezone": "UTC", "guard_percent": 8,
          "guard_floor": 50}  # fmt: skip


def add(client: Client, campaign: Any, **changes: Any) -> Any:
    data = {**SETTINGS, "organization": campaign.organization.pk, **changes}
    return client.post(reverse("admin:campaigns_campaign_add"), data)


def save(client: Client, campaign: Any, **changes: Any) -> Any:
    return client.post(reverse("admin:campaigns_campaign_settings", args=[campaign.pk]), {**SETTINGS, **changes})


def test_a_new_campaign_gets_an_id_from_its_name_and_the_time_zone_of_its_organization(
    operator: Client, campaign: Any
) -> None:
    campaign.organization.timezone = "Asia/Tokyo"
    campaign.organization.save()

    answer = add(operator, campaign, name="Q3 EU founders", timezone="")

    made = Campaign.objects.get(campaign_id="q3-eu-founders")
    assert answer["Location"] == reverse("admin:campaigns_campaign_change", args=[made.pk])
    assert (made.status, made.timezone) == ("draft", "Asia/Tokyo")
    assert made.created_by is not None


def test_a_sequence_that_is_behind_is_told_in_the_form_and_is_no_fault_of_ours(operator: Client, campaign: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('campaigns', 'id'), %s, false)", [campaign.pk])
    Campaign.objects.all().delete()

    answer = add(operator, campaign, name="Fair")

    assert (answer.status_code, Campaign.objects.count()) == (200, 0)
    assert "manage.py verify_schema" in answer.content.decode()


def test_the_id_of_a_deleted_campaign_is_refused_with_the_reason(operator: Client, campaign: Any) -> None:
    slug = campaign.campaign_id
    Campaign.objects.all().delete()

    answer = add(operator, campaign, campaign_id=slug)

    assert "This was the ID of a deleted campaign and is never used again." in answer.content.decode()


def test_saving_settings_writes_nothing_that_a_worker_may_have_counted_meanwhile(
    operator: Client, campaign: Any
) -> None:
    statements: list[str] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        save(operator, campaign, name="Renamed", sending_days=["1", "5"])

    (update,) = [sql for sql in statements if sql.startswith('UPDATE "campaigns"')]
    assert Campaign.objects.values_list("name", "sending_days").get() == ("Renamed", [1, 5])
    assert "emails_sent" not in update
    assert '"status"' not in update


def test_an_edit_is_on_record_with_before_and_after(operator: Client, campaign: Any) -> None:
    save(operator, campaign, timezone="UTC", name="Renamed")

    entry = AuditLog.objects.get(action="campaign.changed")
    assert (entry.before, entry.after) == ({"name": "Autumn"}, {"name": "Renamed"})


def test_half_a_window_and_one_that_ends_before_it_starts_are_refused(operator: Client, campaign: Any) -> None:
    half = save(operator, campaign, window_start="09:00").content.decode()
    turned = save(operator, campaign, window_start="17:00", window_end="09:00").content.decode()

    assert "Give both ends of the window, or neither." in half
    assert "The window ends before it starts." in turned


def test_state_and_counters_cannot_be_sent_with_the_form(operator: Client, campaign: Any) -> None:
    save(operator, campaign, status="running", emails_sent=99, organization=999, name="Renamed")

    assert Campaign.objects.values_list("name", "status", "emails_sent").get() == ("Renamed", "draft", 0)


def test_the_settings_of_an_ended_campaign_are_read_only(operator: Client, campaign: Any) -> None:
    Campaign.objects.update(status="stopped")

    assert save(operator, campaign, name="Renamed").status_code == 403


def test_holidays_are_written_a_line_each_and_a_word_that_is_no_date_is_named(operator: Client, campaign: Any) -> None:
    save(operator, campaign, holidays="2026-12-25\n2026-12-24\n")
    wrong = save(operator, campaign, holidays="2026-12-25, Easter").content.decode()
    page = operator.get(reverse("admin:campaigns_campaign_settings", args=[campaign.pk])).content.decode()

    assert Campaign.objects.get().holidays == [date(2026, 12, 24), date(2026, 12, 25)]
    assert "“Easter” is not a date: write it as 2026-12-25." in wrong
    assert "2026-12-24\n2026-12-25" in page


def test_saving_the_same_holidays_again_is_no_change(operator: Client, campaign: Any) -> None:
    save(operator, campaign, holidays="2026-12-25")

    save(operator, campaign, holidays="2026-12-25", name="Renamed")

    assert AuditLog.objects.filter(action="campaign.changed").latest("id").after == {"name": "Renamed"}


def sender_page(sender: Any) -> str:
    return reverse("admin:campaigns_sender_change", args=[sender.pk])


def test_a_new_host_wants_the_password_again(manager: Client, campaign: Any) -> None:
    sender = Sender.objects.get()
    manager.post(sender_page(sender), {**SENDER, "password": "s3cret-word"})
    elsewhere = {**SENDER, "host": "smtp.elsewhere.example"}

    alone = manager.post(sender_page(sender), {**elsewhere, "password": ""})
    kept = Sender.objects.get()
    together = manager.post(sender_page(sender), {**elsewhere, "password": "an0ther"})

    assert (alone.status_code, "Enter it again together with the new host." in alone.content.decode()) == (200, True)
    assert (kept.host, kept.password) == ("smtp.example.com", "s3cret-word")
    assert (together.status_code, Sender.objects.get().password) == (302, "an0ther")


def test_whoever_may_only_read_a_sender_sees_no_password_field(
    operator: Client, manager: Client, campaign: Any
) -> None:
    Sender.objects.update(password="s3cret-word")

    page = operator.get(sender_page(Sender.objects.get())).content.decode()

    assert ('name="password"' in page, "s3cret-word" in page) == (False, False)
    assert 'name="password"' in manager.get(sender_page(Sender.objects.get())).content.decode()


def test_a_list_of_senders_cannot_be_narrowed_by_the_password(manager: Client, campaign: Any) -> None:
    answer = manager.get(reverse("admin:campaigns_sender_changelist"), {"password__startswith": "s"})

    assert answer.status_code in {302, 400}


def test_a_sender_is_paused_and_resumed_by_its_dialogs(manager: Client, campaign: Any) -> None:
    sender = Sender.objects.get()

    press(manager, reverse("admin:campaigns_sender_pause", args=[sender.pk]), reason="new password first")
    paused = Sender.objects.values_list("status", "status_reason").get()
    press(manager, reverse("admin:campaigns_sender_resume", args=[sender.pk]))

    assert paused == ("paused", "new password first")
    assert Sender.objects.get().status == "active"


def test_a_sender_a_campaign_uses_is_not_deleted(manager: Client, campaign: Any) -> None:
    answer = press(manager, reverse("admin:campaigns_sender_remove", args=[Sender.objects.get().pk]))

    assert "Take it out of those campaigns first, or pause it." in answer.content.decode()
    assert Sender.objects.count() == 1


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"ramp_start": 5}, "A ramp-up needs its first day."),
        ({"ramp_increase": 5}, "say with how many mails its first day begins"),
        ({"ramp_start": 50, "ramp_started_on": "2026-11-20", "daily_limit": 40}, "above the daily limit of 40"),
        ({"ramp_start": 5, "ramp_started_on": "2026-11-20", "ramp_ceiling": 4}, "It ends below its start of 5 mails."),
        (
            {"ramp_start": 5, "ramp_started_on": "2026-11-20", "ramp_ceiling": 50, "daily_limit": 40},
            "It ends above the daily limit of 40",
        ),
        ({"gap_seconds": 86_401}, "At most 86,400 seconds"),
        ({"daily_limit": 0}, "greater than or equal to 1"),
    ],
)
def test_limits_that_do_not_fit_together_are_refused_at_their_field(
    limits: dict[str, Any], sentence: str, manager: Client, campaign: Any
) -> None:
    answer = manager.post(sender_page(Sender.objects.get()), {**SENDER, **limits})

    assert sentence in answer.content.decode()
    assert Sender.objects.values_list("ramp_start", "daily_limit").get() == (None, None)


def test_the_page_of_a_sender_says_what_is_used_of_its_limits(manager: Client, campaign: Any) -> None:
    sender = Sender.objects.get()
    now = timezone.now()
    Sender.objects.update(daily_limit=300, hourly_limit=40, gap_seconds=60, next_slot_at=now + timedelta(minutes=1))
    today = day_start(now, ZoneInfo("UTC"))
    SenderUsageFactory(sender=sender, scope="day", starts_at=today, used=96)

    page = manager.get(sender_page(sender)).content.decode()
    listed = manager.get(reverse("admin:campaigns_sender_changelist")).content.decode()

    assert "96 of 300 mails today" in page
    assert "0 of 40 this hour" in page
    assert "the next one <time datetime=" in page
    assert "96 of 300" in listed


def test_a_gap_that_is_emptied_is_none(manager: Client, campaign: Any) -> None:
    Sender.objects.update(gap_seconds=60)

    manager.post(sender_page(Sender.objects.get()), {**SENDER, "gap_seconds": ""})

    assert Sender.objects.get().gap_seconds == 0


def test_a_new_senders_day_begins_as_its_organizations(manager: Client, campaign: Any) -> None:
    Organization.objects.update(timezone="Asia/Tokyo")

    manager.post(
        reverse("admin:campaigns_sender_add"), {**SENDER, "organization": campaign.organization.pk, "timezone": ""}
    )

    assert Sender.objects.get(email="petr@example.com").timezone == "Asia/Tokyo"
