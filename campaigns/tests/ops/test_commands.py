"""The operations side on a terminal."""

import json
from datetime import date
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from django.core.management import CommandError, call_command

from campaigns.models import MetricEntry, OperatorTask
from campaigns.tests.factories import (
    CalendarItemFactory,
    CampaignPlanFactory,
    MembershipFactory,
    MetricDefinitionFactory,
    OperatorTaskFactory,
    OrganizationFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return OrganizationFactory(slug="harbor")


def run(*words):
    out = StringIO()
    call_command(*words, "--organization", "harbor", stdout=out, stderr=StringIO())
    return out.getvalue()


def refused(*words):
    with pytest.raises(CommandError) as error:
        run(*words)
    return error.value.returncode


def test_a_task_is_added_listed_and_done(organization):
    member = MembershipFactory(organization=organization, user__email="ana@harbor.example").user
    OperatorTaskFactory(title="Theirs")

    run("tasks", "add", "Call Ada", "--kind", "call", "--due", "2026-12-01T09:00", "--for", member.email)
    listed = json.loads(run("tasks", "list", "--json"))["tasks"]
    run("tasks", "done", str(listed[0]["id"]))

    assert [(task["title"], task["assignee"], task["kind"]) for task in listed] == [("Call Ada", member.email, "call")]
    assert json.loads(run("tasks", "list", "--json"))["tasks"] == []
    assert refused("tasks", "done", str(listed[0]["id"])) == 4


def test_a_dry_run_adds_and_ends_nothing(organization):
    task = OperatorTaskFactory(organization=organization)
    run("tasks", "add", "New", "--dry-run")
    run("tasks", "done", str(task.pk), "--dry-run")

    assert list(OperatorTask.objects.values_list("status", flat=True)) == ["to_do"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("tasks", "done", "999"), 3),
        (("tasks", "add", "New", "--for", "nobody@harbor.example"), 2),
        (("tasks", "add", " "), 2),
        (("metrics", "record", "Nothing", "1"), 3),
        (("plan", "show", "Nothing"), 3),
        (("calendar", "list", "--from", "2026-12-02", "--to", "2026-12-01"), 2),
        (("metrics", "import", "/nowhere/at-all.csv"), 2),
    ],
)
def test_what_is_not_there_or_makes_no_sense_ends_with_its_code(organization, words, code):
    assert refused(*words) == code


def test_a_task_of_another_organization_is_not_there(organization):
    assert refused("tasks", "done", str(OperatorTaskFactory().pk)) == 3


def test_a_value_is_recorded_and_corrected(organization):
    metric = MetricDefinitionFactory(organization=organization, name="Meetings", unit="meetings")

    first = json.loads(run("metrics", "record", "Meetings", "4", "--json"))
    run("metrics", "record", str(metric.pk), "5,5")

    assert first["is_new"]
    assert "Meetings: 5.5 meetings on" in run("metrics", "list")
    assert refused("metrics", "record", "Meetings", "many") == 2


def test_values_are_read_from_standard_input(organization, monkeypatch):
    MetricDefinitionFactory(organization=organization, name="Meetings")
    table = b"metric,date,value\nMeetings,2026-11-19,4\nMeetings,2026-11-20,5\n"
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(table)))

    assert json.loads(run("metrics", "import", "-", "--json"))["created"] == 2
    assert MetricEntry.objects.count() == 2


def test_a_plan_is_shown(organization):
    CampaignPlanFactory(organization=organization, name="Autumn", target_metric="replies", target_value=40)

    assert "0 of 40 people who replied" in run("plan", "show", "Autumn")
    assert json.loads(run("plan", "show", "Autumn", "--json"))["target"] == 40


def test_the_calendar_is_listed(organization):
    CalendarItemFactory(organization=organization, title="Fair", starts_on=date(2026, 12, 1))

    told = json.loads(run("calendar", "list", "--from", "2026-12-01", "--to", "2026-12-02", "--json"))

    assert [(entry["kind"], entry["title"]) for entry in told["entries"]] == [("note", "Fair")]
    assert "Note: Fair" in run("calendar", "list", "--from", "2026-12-01", "--to", "2026-12-02")


def test_without_the_operations_side_the_commands_say_so(organization, settings):
    settings.CAMPAIGN_OPS_ENABLED = False

    assert refused("tasks", "list") == 3
