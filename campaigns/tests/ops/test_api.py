"""The operations side over the API."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import CalendarItem, Campaign, MetricEntry, OperatorTask
from campaigns.tests.factories import (
    CalendarItemFactory,
    CampaignFactory,
    CampaignPlanFactory,
    LeadFactory,
    MembershipFactory,
    MetricDefinitionFactory,
    MetricEntryFactory,
    OperatorTaskFactory,
    OrganizationFactory,
)
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.rest.clients import key_client

pytestmark = pytest.mark.django_db
QUARTER = {"starts_on": "2026-11-01", "ends_on": "2026-12-31"}


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def client(organization):
    return key_client(Role.MANAGER, organization)


def test_a_campaign_is_put_into_a_plan_and_shows_in_its_standing(client, organization):
    plan = client.post(
        "/api/v1/plans",
        {
            "name": "Autumn",
            "starts_on": "2026-11-01",
            "ends_on": "2026-12-31",
            "target_metric": "sent",
            "target_value": 9,
        },
    ).json()
    campaign = CampaignFactory(organization=organization, emails_sent=3)

    client.patch(f"/api/v1/campaigns/{campaign.pk}", {"plan": plan["id"]})
    standing = client.get(f"/api/v1/plans/{plan['id']}/standing").json()

    assert (standing["actual"], standing["target"], standing["touches"]) == (3, 9, 3)
    assert [each["id"] for each in client.get("/api/v1/campaigns", {"plan": plan["id"]}).json()["results"]] == [
        campaign.pk
    ]
    assert client.delete(f"/api/v1/plans/{plan['id']}").status_code == 204
    assert Campaign.objects.get().plan is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"ends_on": "2026-10-31"}, "ends_on"),
        ({"target_metric": "sent"}, "target_value"),
        ({"target_value": 9}, "target_value"),
        ({"target_metric": "opens", "target_value": 9}, "target_metric"),
        ({"name": ""}, "name"),
        ({"budgeted_touches": -1}, "budgeted_touches"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_by_field(client, body, field):
    whole = {"name": "Autumn", **QUARTER, **body}

    answer = client.post("/api/v1/plans", whole)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, f"/{field}")


def test_a_second_plan_or_metric_of_a_name_is_refused(client, organization):
    plan, metric = CampaignPlanFactory(organization=organization), MetricDefinitionFactory(organization=organization)

    codes = [
        client.post("/api/v1/plans", {"name": plan.name, **QUARTER}).json()["code"],
        client.post("/api/v1/metrics", {"name": metric.name}).json()["code"],
    ]

    assert codes == ["not_unique", "not_unique"]


def test_an_operator_enters_notes_and_no_blackout_day(organization):
    operator = key_client(Role.OPERATOR, organization)
    day = {"title": "Off", "starts_on": "2026-12-24"}
    item = CalendarItemFactory(organization=organization, blackout=True)

    codes = [
        operator.post("/api/v1/calendar-items", day).status_code,
        operator.post("/api/v1/calendar-items", {**day, "kind": "blackout"}).status_code,
        operator.patch(f"/api/v1/calendar-items/{item.pk}", {"kind": "note"}).status_code,
        operator.delete(f"/api/v1/calendar-items/{item.pk}").status_code,
    ]

    assert codes == [201, 403, 403, 403]
    assert sorted(CalendarItem.objects.values_list("kind", flat=True)) == ["blackout", "note"]


@pytest.mark.parametrize(
    ("days", "code"),
    [
        (("2026-12-24", "2026-12-23"), "ends_before_it_starts"),
        (("2026-01-01", "2027-06-01"), "item_too_long"),
        (("1900-01-01", "1900-01-01"), "day_out_of_range"),
    ],
)
def test_days_that_make_no_sense_are_refused(client, days, code):
    body = {"title": "Off", "kind": "blackout", "starts_on": days[0], "ends_on": days[1]}

    assert client.post("/api/v1/calendar-items", body).json()["code"] == code


def test_no_more_than_a_year_of_blackout_days_lies_ahead(client):
    first = {"title": "Off", "kind": "blackout", "starts_on": "2030-01-01", "ends_on": "2030-12-31"}
    client.post("/api/v1/calendar-items", first)

    answer = client.post("/api/v1/calendar-items", {**first, "starts_on": "2031-01-01", "ends_on": "2031-01-02"})

    assert answer.json()["code"] == "too_many_blackout_days"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"from": "soon"}, "invalid"),
        ({"kinds": "task,nothing"}, "unknown_kind"),
        ({"until": "2026-12-01"}, "unknown_parameter"),
        ({"from": "2026-12-02", "to": "2026-12-01"}, "ends_before_it_starts"),
        ({"from": "2020-01-01", "to": "2026-12-01"}, "time_too_long"),
    ],
)
def test_a_calendar_that_cannot_be_meant_is_refused(client, query, code):
    answer = client.get("/api/v1/calendar", query)

    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_the_calendar_is_read_by_kind(client, organization):
    OperatorTaskFactory(organization=organization, title="Call", due_at=timezone.now())
    CalendarItemFactory(organization=organization, title="Fair", starts_on=timezone.now().date())

    told = client.get("/api/v1/calendar", {"kinds": "task"}).json()

    assert [(entry["kind"], entry["title"]) for entry in told["entries"]] == [("task", "Call")]


def test_the_address_of_a_feed_is_shown_once(client):
    made = client.post("/api/v1/calendar-feeds").json()

    assert client.get("/calendar/" + made["url"].rpartition("/")[2]).status_code == 200
    assert client.get(f"/api/v1/calendar-feeds/{made['id']}").json()["url"] == ""


def test_a_task_is_moved_in_view_of_its_version_alone(client, organization):
    task = OperatorTaskFactory(organization=organization)
    path = f"/api/v1/tasks/{task.pk}"

    moved = client.post(f"{path}/move", {"column": "doing", "position": 0, "version": 1}).json()
    late = client.post(f"{path}/move", {"column": "done", "version": 1})
    edited = client.patch(path, {"title": "Other", "seen_version": 1})

    assert (moved["column"], moved["version"]) == ("doing", 2)
    assert (late.status_code, late.json()["code"], late.json()["version"]) == (409, "task_changed", 2)
    assert edited.json()["code"] == "task_changed"
    assert client.patch(path, {"title": "Other", "seen_version": 2}).json()["version"] == 3


@pytest.mark.parametrize(
    "body", [{"column": "gone", "version": 1}, {"column": "done"}, {"column": "done", "version": "x"}]
)
def test_a_move_that_makes_no_sense_is_refused(client, organization, body):
    task = OperatorTaskFactory(organization=organization)

    assert client.post(f"/api/v1/tasks/{task.pk}/move", body).status_code == 400
    assert OperatorTask.objects.get().status == "to_do"


def test_tasks_are_found_by_what_they_are(client, organization):
    plan = CampaignPlanFactory(organization=organization)
    member = MembershipFactory(organization=organization).user
    campaign, lead = CampaignFactory(organization=organization, plan=plan), LeadFactory(organization=organization)
    late = OperatorTaskFactory(organization=organization, due_at=timezone.now() - timedelta(hours=1), assignee=member)
    about = OperatorTaskFactory(organization=organization, campaign=campaign, lead=lead, kind="call")

    def found(**query):
        return [each["id"] for each in client.get("/api/v1/tasks", query).json()["results"]]

    assert found(overdue="true") == found(assignee=member.pk) == [late.pk]
    assert found(overdue="false") == found(plan=plan.pk) == found(lead=lead.pk) == found(kind="call") == [about.pk]
    assert found(column="to_do,doing") == [about.pk, late.pk]
    assert found(column="done") == []


def test_a_value_is_entered_by_put_and_corrected_by_the_next(client, organization):
    metric = MetricDefinitionFactory(organization=organization)
    body = {"metric": metric.pk, "date": "2026-11-20", "value": "4", "note": "at the fair"}

    first = client.put("/api/v1/metric-entries", body)
    second = client.put("/api/v1/metric-entries", {**body, "value": "5.5", "note": ""})
    assert client.get(first["Location"]).json()["value"] == second.json()["value"]

    assert (first.status_code, second.status_code) == (201, 200)
    assert (second.json()["value"], second.json()["note"]) == ("5.5000", "")
    assert client.get("/api/v1/metric-entries", {"metric": metric.pk, "date": "2026-11-20"}).json()["results"] != []


def test_many_values_are_entered_or_none(client, organization):
    metric = MetricDefinitionFactory(organization=organization)
    ahead = (timezone.now() + timedelta(days=9)).date().isoformat()
    entries = [
        {"metric": metric.pk, "date": "2026-11-20", "value": "4"},
        {"metric": metric.pk, "date": ahead, "value": "4"},
    ]

    refused = client.post("/api/v1/metric-entries/bulk", {"entries": entries})
    none = MetricEntry.objects.count()
    done = client.post("/api/v1/metric-entries/bulk", {"entries": entries[:1]})

    assert (refused.json()["code"], none) == ("day_ahead", 0)
    assert done.json() == {"created": 1, "changed": 0}
    assert client.post("/api/v1/metric-entries/bulk", {"entries": []}).status_code == 400


@pytest.mark.parametrize(
    "path", ["plans", "calendar", "calendar-items", "calendar-feeds", "tasks", "metrics", "metric-entries"]
)
def test_switched_off_the_addresses_say_so(client, settings, path):
    settings.CAMPAIGN_OPS_ENABLED = False

    answer = client.get(f"/api/v1/{path}")

    assert (answer.status_code, answer.json()["code"]) == (404, "operations_off")


@pytest.mark.parametrize("path", ["plans", "calendar-items", "tasks", "metrics", "metric-entries"])
def test_a_list_costs_the_same_for_one_row_and_for_three(client, organization, path):
    made = {"organization": organization}
    makers = {
        "plans": lambda: CampaignPlanFactory(**made),
        "calendar-items": lambda: CalendarItemFactory(**made),
        "tasks": lambda: OperatorTaskFactory(campaign=CampaignFactory(**made), lead=LeadFactory(**made), **made),
        "metrics": lambda: MetricDefinitionFactory(**made),
        "metric-entries": lambda: MetricEntryFactory(metric=MetricDefinitionFactory(**made)),
    }
    numbers = []
    for more in (1, 2):
        for _ in range(more):
            makers[path]()
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/api/v1/{path}").status_code == 200
        numbers.append(len(queries))

    assert numbers[0] == numbers[1]
