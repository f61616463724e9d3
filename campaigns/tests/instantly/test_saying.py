"""What a campaign is in Instantly's words, and what cannot be said in them."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns import preflight
from campaigns.merge_values import people_of
from campaigns.models import Campaign, Handover, Step, Variant
from campaigns.providers.instantly.body import describe
from campaigns.providers.instantly.content import Values, Variables, steps_of
from campaigns.providers.instantly.zones import ACCEPTED, nearest
from campaigns.steps import edit_variant
from campaigns.tests.factories import NOON
from campaigns.tests.instantly.prepare import start
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.errors import StateRefused
from leads.models import Lead

SINCE = date(2027, 1, 1)
SAME = {
    "America/New_York": "America/Detroit", "America/Denver": "America/Boise", "Europe/London": "Europe/Isle_of_Man",
    "Asia/Tokyo": "Asia/Dili", "Australia/Sydney": "Australia/Melbourne", "Asia/Kolkata": "Asia/Kolkata",
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_a_zone_that_has_a_twin_in_the_list_gets_it(name):
    found = nearest(name, since=SINCE)

    assert found.is_exact
    assert (found.name == SAME[name]) or nearest(SAME[name], since=SINCE).is_exact


@settings(max_examples=25)
@given(st.sampled_from(sorted(available_timezones() - {"Factory", "localtime"})))
def test_what_is_called_exact_shows_the_same_time_on_every_day(name):
    found = nearest(name, since=SINCE)
    moments = [datetime(2027, month, day, 12, tzinfo=UTC) for month in range(1, 13) for day in (1, 15, 28)]

    ours, theirs = ZoneInfo(name), ZoneInfo(found.name)
    off = [at for at in moments if at.astimezone(ours).utcoffset() != at.astimezone(theirs).utcoffset()]

    assert found.name in ACCEPTED
    assert not (found.is_exact and off)


def test_the_pacific_coast_has_no_twin_and_pre_flight_says_by_how_much(instantly, campaign):
    Campaign.objects.update(timezone="America/Los_Angeles")

    report = preflight.look(Campaign.objects.get(), now=NOON)

    (warning,) = [problem for problem in report.warnings if problem.code == "zone_not_exact"]
    assert "America/Dawson is used, which is off by up to 60 minutes" in warning.message


def test_window_limits_and_stop_rules_go_along(instantly, campaign):
    Campaign.objects.update(
        window_start=time(9), window_end=time(17, 30), sending_days=[1, 5, 7], daily_limit=50, daily_new_leads=20,
        track_opens=False, timezone="Europe/Prague",
    )  # fmt: skip

    asked, _ = describe(Campaign.objects.get(), Handover.objects.get(), now=NOON)

    (schedule,) = asked["campaign_schedule"]["schedules"]
    assert schedule["timing"] == {"from": "09:00", "to": "17:30"}
    assert [day for day, is_on in schedule["days"].items() if is_on] == ["0", "1", "5"]
    assert (asked["daily_limit"], asked["daily_max_leads"], asked["open_tracking"]) == (50, 20, False)
    assert (asked["stop_on_reply"], asked["stop_on_auto_reply"], asked["email_list"]) == (
        True, False, ["anna@sender.example"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("model", "changes", "code"),
    [
        (Campaign, {"holidays": [date(2026, 12, 25)]}, "instantly_holidays"),
        (Campaign, {"window_zone": "lead"}, "instantly_lead_zone"),
        (Campaign, {"counts_sending_days": True}, "instantly_sending_days"),
        (Step, {"wait_amount": 3}, "instantly_first_wait"),
        (Variant, {"subject": "{% if first_name %}Hi{% endif %}"}, "instantly_logic"),
        (Variant, {"body_html": "<p>{{- first_name -}}</p>"}, "instantly_logic"),
        (Variant, {"body_html": "<p>{{ sender_name }}</p>"}, "instantly_sender_field"),
        (Handover, {"mailboxes": []}, "instantly_no_mailbox"),
        (Handover, {"account": None}, "instantly_no_key"),
    ],
)
def test_what_instantly_has_no_words_for_keeps_the_campaign_from_starting(instantly, campaign, model, changes, code):
    model.objects.filter(pk=model.objects.order_by("pk")[:1].get().pk).update(**changes)

    report = preflight.look(Campaign.objects.get(), now=NOON)

    assert code in {problem.code for problem in report.blocking}


def test_a_value_is_escaped_in_html_and_left_alone_in_a_subject(instantly, campaign):
    Lead.objects.update(first_name="<b>Ana</b> & co")
    variables = Variables()
    steps_of(campaign, variables)

    (person,) = people_of([campaign.recipients.first().pk]).values()
    values = set(Values(campaign.organization, variables.as_json()).of(person).values())

    assert {"<b>Ana</b> & co", "&lt;b&gt;Ana&lt;/b&gt; &amp; co"} <= values


def test_what_was_handed_over_is_edited_no_more(instantly, campaign):
    start(campaign)

    with pytest.raises(StateRefused) as refused:
        edit_variant(variant=Variant.objects.first(), changes={"subject": "Other"}, actor=SYSTEM)

    assert refused.value.code == "handed_over"
