"""The pages of calendar, task board, metrics and plans."""

import re
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns.models import CalendarItem, Campaign, MetricEntry, OperatorTask
from campaigns.ops.tasks import move_task
from campaigns.tests.factories import (
    CalendarItemFactory,
    CampaignFactory,
    CampaignPlanFactory,
    CampaignTallyFactory,
    LeadFactory,
    MembershipFactory,
    MetricDefinitionFactory,
    MetricEntryFactory,
    OperatorTaskFactory,
    OrganizationFactory,
)
from campaigns_project.audit.actors import Actor
from campaigns_project.tests.admin.browsers import client_of

pytestmark = pytest.mark.django_db
CALENDAR, BOARD, METRICS = (reverse(f"admin:operations_{name}") for name in ("calendar", "board", "metrics"))


@pytest.fixture
def organization():
    return OrganizationFactory(name="Harbor", timezone="Europe/Prague")


@pytest.fixture
def operator(organization):
    return client_of(MembershipFactory(organization=organization, role="operator").user)


@pytest.fixture
def manager(organization):
    return client_of(MembershipFactory(organization=organization, role="manager").user)


@pytest.fixture
def viewer(organization):
    return client_of(MembershipFactory(organization=organization, role="viewer").user)


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.mark.parametrize("view", ["month", "week", "agenda", "nonsense"])
def test_the_calendar_shows_what_stands_there(viewer, organization, view):
    CalendarItemFactory(organization=organization, title="Fair", blackout=True, starts_on=date(2026, 12, 9))
    CalendarItemFactory(title="Theirs", starts_on=date(2026, 12, 9))

    answer = viewer.get(CALENDAR, {"view": view, "date": "2026-12-09"})

    assert "Blackout: no mail leaves" not in text_of(answer)
    assert "Blackout day: Fair" in text_of(answer)
    assert "Theirs" not in text_of(answer)
    assert view == "agenda" or answer.content.count(b'<th scope="col">') == 7


def test_a_month_is_whole_weeks_and_days_that_make_no_sense_are_today(viewer):
    page = viewer.get(CALENDAR, {"date": "2026-12-09"}).content.decode()

    assert page.count("<td") == 35
    assert viewer.get(CALENDAR, {"date": "9999-99-99"}).status_code == 200


def test_an_address_of_the_calendar_is_made_and_shown_once(operator, viewer):
    made = operator.post(CALENDAR, follow=True)
    address = re.search(r"/calendar/[\w-]+\.ics", made.content.decode()).group()

    assert operator.get(address)["Content-Type"].startswith("text/calendar")
    assert address not in operator.get(CALENDAR).content.decode()
    assert viewer.post(CALENDAR).status_code == 403


def test_only_managers_enter_blackout_days(operator, manager, organization):
    page = reverse("admin:campaigns_calendaritem_add")
    asked = {"organization": organization.pk, "title": "Off", "starts_on": "2026-12-24", "ends_on": "2026-12-24"}

    codes = [client.post(page, {**asked, "kind": "blackout"}).status_code for client in (operator, manager)]
    item = CalendarItem.objects.get()
    change = reverse("admin:campaigns_calendaritem_change", args=[item.pk])
    codes.append(operator.post(change, {**asked, "kind": "note"}).status_code)

    assert codes == [403, 302, 403]
    organization.refresh_from_db()
    assert organization.blackout_days == [date(2026, 12, 24)]


def test_a_card_goes_over_the_board_and_is_done(operator, organization):
    operator.post(BOARD, {"act": "add", "title": "Call Ada", "kind": "call"})
    task = OperatorTask.objects.get()
    operator.post(BOARD, {"act": "move", "task": task.pk, "column": "waiting", "version": 1, "position": 0})
    waiting = OperatorTask.objects.get().status
    done = operator.post(BOARD, {"act": "complete", "task": task.pk}, follow=True)

    assert (waiting, OperatorTask.objects.get().status) == ("waiting", "done")
    assert "“Call Ada” is done" in text_of(done)


def test_whoever_comes_second_is_told_who_moved_the_card(operator, organization):
    task = OperatorTaskFactory(organization=organization, title="Call")
    petr = Actor(kind="user", id="1", name="Petr", via="admin")
    move_task(task=task, status="doing", version=1, actor=petr, now=timezone.now())

    told = operator.post(BOARD, {"act": "move", "task": task.pk, "column": "done", "version": 1}, follow=True)

    assert "Changed by Petr" in text_of(told)
    assert OperatorTask.objects.get().status == "doing"


def test_a_viewer_sees_the_board_and_moves_nothing(viewer, organization):
    task = OperatorTaskFactory(organization=organization, title="Call")

    assert "Call" in text_of(viewer.get(BOARD))
    assert viewer.post(BOARD, {"act": "complete", "task": task.pk}).status_code == 403


def test_cards_of_others_are_not_there(operator):
    task = OperatorTaskFactory(title="Theirs")

    assert "Theirs" not in text_of(operator.get(BOARD))
    assert operator.post(BOARD, {"act": "complete", "task": task.pk}).status_code == 404
    assert operator.get(BOARD, {"organization": task.organization.slug}).status_code == 404


def test_mine_and_overdue_narrow_the_board(operator, organization):
    me = organization.memberships.get(role="operator").user
    late = timezone.now() - timedelta(days=1)
    OperatorTaskFactory(organization=organization, title="Mine late", assignee=me, due_at=late)
    OperatorTaskFactory(organization=organization, title="Mine early", assignee=me)
    OperatorTaskFactory(organization=organization, title="Anybody late", due_at=late)

    titles = ("Mine late", "Mine early", "Anybody late")
    pages = {
        query: text_of(operator.get(f"{BOARD}?{query}")) for query in ("who=mine", "overdue=1", "who=mine&overdue=1")
    }
    shown = {query: [title for title in titles if title in page] for query, page in pages.items()}

    assert shown == {
        "who=mine": ["Mine late", "Mine early"],
        "overdue=1": ["Mine late", "Anybody late"],
        "who=mine&overdue=1": ["Mine late"],
    }


def test_a_task_names_a_lead_by_its_address(operator, organization):
    lead = LeadFactory(organization=organization, email="Ada@Example.com", email_normalized="ada@example.com")
    page = reverse("admin:campaigns_operatortask_add")
    asked = {"organization": organization.pk, "title": "Call", "kind": "call"}

    wrong = operator.post(page, {**asked, "lead": "nobody@example.com"})
    operator.post(page, {**asked, "lead": "ada@EXAMPLE.com", "checklist": "x Ask\nWrite"})

    assert "no lead with the address" in text_of(wrong)
    task = OperatorTask.objects.get()
    assert task.lead == lead
    assert task.checklist == [{"text": "Ask", "done": True}, {"text": "Write", "done": False}]


def test_the_grid_enters_what_was_typed_and_leaves_what_somebody_else_entered(operator, organization):
    metric = MetricDefinitionFactory(organization=organization, name="Meetings")
    today = timezone.now().date()
    yesterday = today - timedelta(days=1)
    MetricEntryFactory(metric=metric, date=yesterday, value=9)  # came after the form was shown, empty there
    sent = {f"v-{metric.pk}-{today}": "4,5", f"was-{metric.pk}-{today}": "", f"v-{metric.pk}-{yesterday}": ""}

    operator.post(METRICS, sent)

    assert dict(MetricEntry.objects.values_list("date", "value")) == {today: 4.5, yesterday: 9}


def test_a_wrong_cell_is_named_and_nothing_is_entered(operator, organization):
    metric = MetricDefinitionFactory(organization=organization, name="Meetings")
    today = timezone.now().date()
    sent = {f"v-{metric.pk}-{today}": "many", f"v-{metric.pk}-{today - timedelta(days=1)}": "4"}

    answer = operator.post(METRICS, sent)

    assert "“many” is not a number" in text_of(answer)
    assert 'value="many"' in answer.content.decode()
    assert not MetricEntry.objects.exists()


def test_a_file_of_values_is_entered_on_the_page(operator, organization):
    MetricDefinitionFactory(organization=organization, name="Meetings")
    file = SimpleUploadedFile("m.csv", b"metric,date,value\nMeetings,2026-11-20,4\n")

    told = operator.post(METRICS, {"file": file}, follow=True)

    assert "Values entered: 1. Days that had one before: 0." in text_of(told)
    assert MetricEntry.objects.get().value == 4


def test_a_metric_has_its_line_and_the_same_as_a_table(operator, organization):
    metric = MetricDefinitionFactory(organization=organization, target=5, unit="calls")
    for day in (18, 19, 20):
        MetricEntryFactory(metric=metric, date=date(2026, 11, day), value=day)

    answer = operator.get(reverse("admin:campaigns_metricdefinition_change", args=[metric.pk]))

    page = answer.content.decode()
    assert "20 calls on 20 Nov 2026; the target is 5" in text_of(answer)
    assert page.count("<circle") == 3
    assert "fl-chart-target" in page
    assert page.count('<th scope="row">') == 3


def test_a_target_and_a_value_have_no_more_places_than_they_need(manager, organization):
    metric = MetricDefinitionFactory(organization=organization, target="40.5000", unit="calls")
    MetricEntryFactory(metric=metric, value="100.0000")

    shown = [
        manager.get(page).content.decode()
        for page in (
            reverse("admin:campaigns_metricdefinition_changelist"),
            reverse("admin:campaigns_metricdefinition_change", args=[metric.pk]),
            reverse("admin:campaigns_metricentry_changelist"),
        )
    ]

    assert (">40.5<" in shown[0], 'value="40.5"' in shown[1], ">100 calls<" in shown[2]) == (True, True, True)


def test_a_plan_shows_how_it_stands(viewer, organization):
    plan = CampaignPlanFactory(organization=organization, target_metric="replies", target_value=40)
    CampaignFactory(organization=organization, plan=plan, emails_replied=8, name="Autumn")

    answer = viewer.get(reverse("admin:campaigns_campaignplan_change", args=[plan.pk]))

    page = text_of(answer)
    assert "20.0 % (8 of 40) people who replied" in page
    assert "Autumn" in page
    assert "not started" in page
    assert 'class="fl-strip"' not in answer.content.decode()  # no bar for what has no days yet


def test_a_plan_that_ends_before_it_starts_is_refused_beside_its_last_day(manager, organization):
    typed = {"organization": organization.pk, "name": "Autumn", "starts_on": "2026-12-09", "ends_on": "2026-12-01"}

    answer = manager.post(reverse("admin:campaigns_campaignplan_add"), typed)

    assert dict(answer.context["adminform"].form.errors) == {"ends_on": ["The last day is before the first."]}


def test_an_empty_column_says_so(viewer, organization):
    OperatorTaskFactory(organization=organization)

    page = viewer.get(BOARD).content.decode()

    assert page.count('data-empty="Nothing here."') == 3


def test_how_long_a_count_took_is_told_in_milliseconds(viewer, organization):
    CampaignTallyFactory(campaign__organization=organization, seconds=0.005899304)

    assert "0.006 s" in text_of(viewer.get(reverse("admin:campaigns_campaigntally_changelist")))


def test_a_campaign_is_put_into_a_plan_on_its_settings(manager, organization):
    plan, campaign = CampaignPlanFactory(organization=organization), CampaignFactory(organization=organization)
    theirs = CampaignPlanFactory(name="Theirs")
    page = reverse("admin:campaigns_campaign_settings", args=[campaign.pk])

    shown = manager.get(page).content.decode()

    assert f'value="{plan.pk}"' in shown
    assert theirs.name not in shown
    assert Campaign.objects.get(pk=campaign.pk).plan is None


@pytest.mark.parametrize("page", [CALENDAR, BOARD, METRICS])
def test_switched_off_there_are_no_pages_and_no_items_in_the_sidebar(manager, settings, page):
    settings.CAMPAIGN_OPS_ENABLED = False

    assert manager.get(page).status_code == 404
    assert manager.get(reverse("admin:campaigns_campaignplan_changelist")).status_code == 403
    assert "Task board" not in text_of(manager.get(reverse("admin:index")))


@pytest.mark.parametrize("page", [CALENDAR, BOARD, METRICS])
def test_a_page_costs_the_same_for_one_row_and_for_three(viewer, organization, page):
    numbers = []
    for more in (1, 2):
        for _ in range(more):
            OperatorTaskFactory(
                organization=organization, due_at=timezone.now(), lead=LeadFactory(organization=organization)
            )
            MetricEntryFactory(metric__organization=organization, date=timezone.now().date())
            CalendarItemFactory(organization=organization, starts_on=timezone.now().date())
        viewer.get(page)
        with CaptureQueriesContext(connection) as queries:
            viewer.get(page)
        numbers.append(len(queries))

    assert numbers[0] == numbers[1]


def test_the_organization_chosen_on_one_page_holds_for_the_others():
    person = MembershipFactory(organization__name="Albatross").user
    later = MembershipFactory(user=person, organization__name="Zephyr").organization
    browser = client_of(person)

    first = browser.get(CALENDAR).context["organization"].name
    browser.get(CALENDAR, {"organization": later.slug})

    assert (first, browser.get(BOARD).context["organization"].name) == ("Albatross", "Zephyr")


def test_a_form_is_for_the_organization_of_its_page_whatever_was_chosen_in_another_tab_since():
    person = MembershipFactory(organization__name="Albatross", role="operator").user
    later = MembershipFactory(user=person, organization__name="Zephyr", role="operator").organization
    browser = client_of(person)

    opened = browser.get(BOARD)
    browser.get(CALENDAR, {"organization": later.slug})
    browser.post(opened.context["here"], {"act": "add", "title": "Call", "kind": "other"})

    assert OperatorTask.objects.get().organization.name == "Albatross"
    assert f'action="{opened.context["here"]}"' in opened.content.decode()
