"""The card of the first page that names what its reader has to do today."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.models import TaskStatus
from campaigns.tests.factories import OperatorTaskFactory, OrganizationFactory
from campaigns_project.accounts.models import Membership
from campaigns_project.accounts.roles import Role
from campaigns_project.runtime.home import TASKS
from campaigns_project.tests.admin.browsers import member

pytestmark = pytest.mark.django_db

LATE = timedelta(days=-1)


@pytest.fixture
def organization():
    return OrganizationFactory()


@pytest.fixture
def client(organization) -> Client:
    return member(organization, Role.OPERATOR)


def due(organization, title, after=LATE, **more):
    person = more.pop("assignee", None) or Membership.objects.get(organization=organization).user
    at = timezone.now() + after
    return OperatorTaskFactory(organization=organization, title=title, due_at=at, assignee=person, **more)


def named(client):
    return [task.title for task in client.get(reverse("admin:index")).context["my_tasks"]]


def test_what_is_due_is_named_the_latest_first_and_leads_to_the_board(organization, client):
    due(organization, "Call back", after=timedelta(0))
    late = due(organization, "Answer about prices")

    page = client.get(reverse("admin:index"))

    words = page.content.decode()
    assert named(client) == ["Answer about prices", "Call back"]
    assert "My tasks today" in words
    assert reverse("admin:campaigns_operatortask_change", args=[late.pk]) in words
    assert f"{reverse('admin:operations_board')}?organization={organization.slug}&amp;who=mine" in words


def test_what_is_done_or_for_later_or_somebody_elses_is_not_named(organization, client):
    due(organization, "Next week", after=timedelta(days=7))
    due(organization, "Done", status=TaskStatus.DONE, completed_at=timezone.now())
    elsewhere = OrganizationFactory()
    due(elsewhere, "Of others", assignee=Membership.objects.get(organization=organization).user)
    OperatorTaskFactory(organization=organization, due_at=timezone.now() + LATE)

    page = client.get(reverse("admin:index"))

    assert page.context["my_tasks"] == []
    assert "My tasks today" not in page.content.decode()


def test_no_more_than_five_are_named(organization, client):
    for number in range(TASKS + 1):
        due(organization, f"Call {number}")

    assert len(named(client)) == TASKS == 5


def test_there_is_no_card_where_the_operations_side_is_switched_off(organization, client, settings):
    due(organization, "Call back")
    settings.CAMPAIGN_OPS_ENABLED = False

    assert named(client) == []
