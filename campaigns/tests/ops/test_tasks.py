"""Tasks of operators: what a board has to keep to when several people move its cards."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.models import LeadUserStatus, OperatorTask
from campaigns.ops import tasks
from campaigns.ops.checklists import as_lines, read_checklist, read_lines
from campaigns.ops.tasks import add_task, change_task, complete_task, move_task, reopen_task
from campaigns.tests.factories import (
    NOON,
    CampaignFactory,
    CampaignPlanFactory,
    LeadFactory,
    MembershipFactory,
    OperatorTaskFactory,
    OrganizationFactory,
    RecipientFactory,
    UserFactory,
)
from campaigns.working_with_leads import set_status
from campaigns_project.audit.actors import SYSTEM, Actor
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import Refused, StateRefused

pytestmark = pytest.mark.django_db
PETR = Actor(kind="user", id="1", name="Petr", via="admin")


@pytest.fixture
def organization():
    return OrganizationFactory()


def task_in(organization, **asked):
    return add_task(organization=organization, author=None, actor=SYSTEM, **{"title": "Call them", **asked})


def column(status):
    return list(OperatorTask.objects.filter(status=status).order_by("position", "pk").values_list("title", flat=True))


def move(task, status, position=None, **asked):
    asked = {"version": OperatorTask.objects.get(pk=task.pk).version, "actor": SYSTEM, "now": NOON, **asked}
    return move_task(task=task, status=status, position=position, **asked)


def test_a_new_task_is_on_top_and_the_log_has_none_of_its_words(organization):
    task_in(organization, title="First")
    task_in(organization, title="Second", note="Ask Ada")

    assert column("to_do") == ["Second", "First"]
    entry = AuditLog.objects.filter(action="operatortask.created").latest("pk")
    assert (entry.entity_name, "Ada" in str(entry.after), "Second" in str(entry.after)) == ("", False, False)


def test_a_task_is_put_between_two_others(organization):
    for title in ("C", "B", "A"):
        task_in(organization, title=title, status="doing")
    task = task_in(organization, title="New")

    move(task, "doing", 1)

    assert column("doing") == ["A", "New", "B", "C"]


def test_of_two_who_move_it_at_once_the_second_is_told_who_was_first(organization):
    task = task_in(organization)
    move_task(task=task, status="doing", version=1, actor=PETR, now=timezone.now())

    with pytest.raises(StateRefused) as refused:
        move_task(task=task, status="done", version=1, actor=SYSTEM, now=timezone.now() + timedelta(seconds=5))

    assert refused.value.code == "task_changed"
    assert "Changed by Petr 5 s ago" in str(refused.value)
    assert refused.value.details == {"version": 2, "column": "doing"}
    assert OperatorTask.objects.get().status == "doing"


def test_a_task_is_done_once_and_taken_up_again_once(organization):
    task = task_in(organization)

    done = complete_task(task=task, actor=SYSTEM, now=NOON)
    with pytest.raises(StateRefused, match="done already"):
        complete_task(task=task, actor=SYSTEM, now=NOON)
    again = reopen_task(task=task, actor=SYSTEM, now=NOON)
    with pytest.raises(StateRefused, match="not done"):
        reopen_task(task=task, actor=SYSTEM, now=NOON)

    assert (done.status, done.completed_at) == ("done", NOON)
    assert (again.status, again.completed_at) == ("to_do", None)
    acts = AuditLog.objects.filter(entity_type="operatortask").order_by("pk").values_list("action", flat=True)
    assert list(acts) == ["operatortask.created", "operatortask.completed", "operatortask.reopened"]


def test_a_change_in_view_of_an_old_version_is_refused(organization):
    task = task_in(organization)
    change_task(task=task, version=1, actor=PETR, title="Call again")

    with pytest.raises(StateRefused, match="Changed by Petr"):
        change_task(task=task, version=1, actor=SYSTEM, title="Write")

    assert OperatorTask.objects.get().title == "Call again"


@pytest.mark.parametrize("field", ["lead", "campaign", "assignee"])
def test_nothing_of_another_organization_is_named_by_a_task(organization, field):
    strangers = {"lead": LeadFactory, "campaign": CampaignFactory, "assignee": lambda: MembershipFactory().user}

    with pytest.raises(Refused) as refused:
        task_in(organization, **{field: strangers[field]()})

    assert refused.value.details["field"] == field
    assert not OperatorTask.objects.exists()


def test_tasks_go_with_their_campaign_and_their_lead_and_stay_without_their_person(organization):
    campaign, lead = CampaignFactory(organization=organization), LeadFactory(organization=organization)
    member = MembershipFactory(organization=organization).user
    for asked in ({"campaign": campaign}, {"lead": lead}, {"assignee": member, "title": "Stays"}):
        task_in(organization, **asked)

    for row in (campaign, lead, member):
        row.delete()

    assert list(OperatorTask.objects.values_list("title", "assignee")) == [("Stays", None)]


@pytest.mark.parametrize(
    "wrong",
    ["x", [1], [{"text": ""}], [{"text": "a", "done": "yes"}], [{"words": "a"}], [{"text": "a" * 301}],
     [{"text": "a"}] * 51, {"text": "a"}],
)  # fmt: skip
def test_what_is_no_checklist_is_refused(wrong):
    with pytest.raises(Refused) as refused:
        read_checklist(wrong)

    assert refused.value.code == "checklist_invalid"


def test_a_checklist_reads_the_same_from_its_lines():
    parts = [{"text": "Ask for the price list", "done": True}, {"text": "Call", "done": False}]

    assert read_lines(as_lines(parts)) == parts


def interested(lead, user):
    return set_status(lead=lead, user=user, status="interested", actor=SYSTEM)


@pytest.fixture
def in_plan(organization):
    """A lead in a campaign of a plan that asks for calls, and an operator."""
    plan = CampaignPlanFactory(organization=organization, calls_interested=True)
    lead = LeadFactory(organization=organization)
    RecipientFactory(campaign=CampaignFactory(organization=organization, plan=plan), lead=lead)
    return lead, MembershipFactory(organization=organization).user


def test_who_is_interested_is_called_within_a_day_and_asked_for_once(in_plan):
    lead, user = in_plan
    before = timezone.now()

    interested(lead, user)
    set_status(lead=lead, user=user, status="not_now", actor=SYSTEM)
    interested(lead, user)

    task = OperatorTask.objects.get()
    assert (task.kind, task.lead, task.assignee, task.title) == ("call", lead, user, "Call: interested")
    assert timedelta(hours=23) < task.due_at - before < timedelta(hours=25)


def test_without_a_plan_that_asks_for_it_nobody_is_called(in_plan, settings):
    lead, user = in_plan
    settings.CAMPAIGN_OPS_ENABLED = False
    interested(lead, user)
    settings.CAMPAIGN_OPS_ENABLED = True
    stranger = LeadFactory(organization=lead.organization)
    RecipientFactory(campaign=CampaignFactory(organization=lead.organization), lead=stranger)
    interested(stranger, user)

    assert LeadUserStatus.objects.count() == 2
    assert not OperatorTask.objects.exists()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(moves=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["to_do", "doing"]), st.integers(0, 5)), max_size=8))
def test_a_column_has_the_order_that_a_list_would_have(moves):
    OperatorTask.objects.all().delete()
    organization = OrganizationFactory()
    made = [OperatorTaskFactory(organization=organization, position=place) for place in range(4)]
    columns = {"to_do": [task.pk for task in made], "doing": []}

    for number, status, place in moves:
        pk = made[number].pk
        for rows in columns.values():
            if pk in rows:
                rows.remove(pk)
        columns[status].insert(place, pk)
        move(made[number], status, place)

    for status, rows in columns.items():
        found = OperatorTask.objects.filter(status=status).order_by("position", "pk")
        assert list(found.values_list("pk", flat=True)) == rows


def test_a_place_that_thousands_were_put_into_is_made_wide_again(organization, monkeypatch):
    monkeypatch.setattr(tasks, "CLOSEST", 300.0)
    for title in ("C", "B", "A"):
        task_in(organization, title=title, status="doing")
    for number in range(4):
        move(task_in(organization, title=str(number)), "doing", 1)

    assert column("doing") == ["A", "3", "2", "1", "0", "B", "C"]


def test_users_who_are_gone_are_given_nothing(organization):
    member = MembershipFactory(organization=organization, user=UserFactory(is_active=False)).user

    with pytest.raises(Refused, match="does not belong"):
        task_in(organization, assignee=member)
