"""The part of a campaign's page that keeps itself up to date."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns.admin import overview
from campaigns.models import Campaign, Message, Recipient
from campaigns.tests.factories import MessageFactory, RecipientFactory

HTMX = {"HX-Request": "true"}
LOGIN = 3  # session, user with what says that it is no service account, memberships


def live(campaign: Any, **asked: Any) -> tuple[str, dict[str, Any]]:
    return reverse("admin:campaigns_campaign_live", args=[campaign.pk]), asked


def version(campaign: Any) -> str:
    return overview.version(Campaign.objects.get(pk=campaign.pk), timezone.now())


def run(campaign: Any) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(status="running", started_at=timezone.now())


def test_nothing_new_is_answered_without_a_body_and_with_one_question(manager: Client, campaign: Any) -> None:
    address, asked = live(campaign, v=version(campaign))
    with CaptureQueriesContext(connection) as queries:
        answer = manager.get(address, asked, headers=HTMX)

    assert (answer.status_code, answer.content) == (204, b"")
    assert len(queries) == LOGIN + 1, [query["sql"] for query in queries]


def test_something_new_is_answered_with_the_fragment_and_its_version(manager: Client, campaign: Any) -> None:
    run(campaign)
    address, asked = live(campaign, v="an older one", status="running")
    with CaptureQueriesContext(connection) as queries:
        answer = manager.get(address, asked, headers=HTMX)

    assert answer.status_code == 200
    assert f"v={version(campaign)}" in answer.content.decode()
    assert len(queries) <= LOGIN + 11
    assert len(answer.content) < 5_000


@pytest.mark.parametrize(
    ("state", "every"),
    [
        ({"status": "draft"}, 30),
        ({"status": "scheduled", "scheduled_at": timezone.now()}, 30),
        ({"status": "running", "started_at": timezone.now()}, 15),
    ],
)
def test_the_server_chooses_how_often_to_ask(manager: Client, campaign: Any, state: Any, every: int) -> None:
    Campaign.objects.update(**state)
    address, asked = live(campaign, v="old")

    page = manager.get(address, asked, headers=HTMX).content.decode()

    assert f'hx-trigger="every {every}s"' in page


def test_while_mail_leaves_the_page_asks_every_two_seconds(manager: Client, campaign: Any) -> None:
    run(campaign)
    Recipient.objects.update(next_step=campaign.steps.get(), next_send_at=timezone.now())
    address, asked = live(campaign, v="old")

    assert 'hx-trigger="every 2s"' in manager.get(address, asked, headers=HTMX).content.decode()


@pytest.mark.parametrize("status", ["completed", "stopped", "archived"])
def test_an_ended_campaign_is_answered_once_more_and_never_again(manager: Client, campaign: Any, status: str) -> None:
    Campaign.objects.update(status=status)
    address, asked = live(campaign, v=version(campaign))

    answer = manager.get(address, asked, headers=HTMX)

    assert answer.status_code == 286
    assert "hx-trigger" not in answer.content.decode()


def test_when_the_state_changed_the_buttons_follow(manager: Client, campaign: Any) -> None:
    run(campaign)
    address, _ = live(campaign)

    changed = manager.get(address, {"v": "old", "status": "draft"}, headers=HTMX).content.decode()
    same = manager.get(address, {"v": "old", "status": "running"}, headers=HTMX).content.decode()

    assert 'hx-swap-oob="true"' in changed
    assert "hx-swap-oob" not in same


def test_the_table_of_steps_is_told_to_follow_and_stops_at_the_end(manager: Client, campaign: Any) -> None:
    run(campaign)
    address, _ = live(campaign)
    table = reverse("admin:campaigns_campaign_step_table", args=[campaign.pk])

    told = manager.get(address, {"v": "old", "status": "draft"}, headers=HTMX)
    while_running = manager.get(table, headers=HTMX)
    Campaign.objects.update(status="completed")
    at_the_end = manager.get(table, headers=HTMX)

    assert told["HX-Trigger"] == "campaign-moved"
    assert (while_running.status_code, at_the_end.status_code) == (200, 286)
    assert "Hello {{ first_name }}" in at_the_end.content.decode()


def test_each_number_of_the_ledger_leads_to_the_rows_behind_it(manager: Client, campaign: Any) -> None:
    step = campaign.steps.get()
    for status in ("sent", "failed", "uncertain"):
        done = {"sent_at": timezone.now()} if status == "sent" else {"sent_at": None, "reason": "x"}
        MessageFactory(recipient=RecipientFactory(campaign=campaign), step=step, status=status, **done)
    context = manager.get(reverse("admin:campaigns_campaign_change", args=[campaign.pk])).context

    behind = {place.label: manager.get(place.url).context["cl"].result_count for place in context["places"]}
    rows = {place.label: len(manager.get(place.url).context["cl"].result_list) for place in context["places"]}

    assert behind
    assert {place.label: place.count for place in context["places"]} == {
        "Sent": 1, "In flight": 0, "Waiting": 1, "Skipped": 0, "Uncertain": 1, "Failed": 1,
    }  # fmt: skip
    assert (rows["Sent"], rows["Failed"], rows["Uncertain"], rows["In flight"]) == (1, 1, 1, 0)
    assert Message.objects.count() == 3


def test_a_rate_shows_its_fraction_and_a_dash_without_one(manager: Client, campaign: Any) -> None:
    page = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    before = manager.get(page).content.decode()
    Campaign.objects.update(recipients_reached=412, emails_replied=17)

    after = manager.get(page).content.decode()

    assert "<dt>Replied</dt><dd>—</dd>" in before
    assert ">4.1 % (17 of 412)</a></dd>" in after


def test_the_overview_takes_no_post(manager: Client, campaign: Any) -> None:
    answer = manager.post(reverse("admin:campaigns_campaign_change", args=[campaign.pk]), {"status": "running"})

    assert answer.status_code == 405
    assert Campaign.objects.get().status == "draft"


def test_a_draft_says_what_is_missing_and_where_to_mend_it(manager: Client, campaign: Any) -> None:
    campaign.campaign_senders.all().delete()
    page = manager.get(reverse("admin:campaigns_campaign_change", args=[campaign.pk]))

    assert [(problem["code"], problem["link"]) for problem in page.context["missing"]] == [
        ("no_sender", "Choose senders")
    ]


def test_the_page_says_whose_clock_and_which_limits_hold(manager: Client, campaign: Any) -> None:
    limits = {"daily_limit": 1_200, "daily_new_leads": 1, "window_zone": "lead", "holidays": ["2026-12-25"]}
    Campaign.objects.filter(pk=campaign.pk).update(timezone="Europe/Prague", counts_sending_days=True, **limits)
    campaign.steps.update(wait_amount=3, wait_unit="days")

    page = manager.get(reverse("admin:campaigns_campaign_change", args=[campaign.pk])).content.decode()

    assert "every day (each lead's time zone, else Europe/Prague); 1 holiday left out" in page
    assert "1,200 mails a day, 1 new lead a day" in page
    assert "3 sending days after enrollment" in page
