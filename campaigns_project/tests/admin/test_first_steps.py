"""The first steps on the first page: told from what is there, closed by whoever wants to."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign
from campaigns.tests.factories import (
    CampaignFactory,
    CampaignSenderFactory,
    LeadFactory,
    OrganizationFactory,
    SenderFactory,
    StepFactory,
    UserFactory,
)
from campaigns_project.accounts.models import Membership, Organization, User
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import SYSTEM, Actor
from campaigns_project.audit.models import AuditLog
from campaigns_project.audit.record import record
from campaigns_project.runtime.first_steps import TOLD_BY_THE_LOG
from campaigns_project.tests.admin.browsers import member

pytestmark = pytest.mark.django_db

PERSON = Actor(kind="user", name="ana@acme.example", id=1, via="admin")
CLOSING = reverse("admin:first_steps_shown")


def shown(client: Client) -> Any:
    return client.get(reverse("admin:index")).context["first_steps"]


def done(client: Client) -> list[bool]:
    return [step.is_done for step in shown(client).steps]


def did(organization: Organization, *actions: str, actor: Actor = PERSON) -> None:
    for action in actions:
        record(action=action, entity=organization, organization_id=organization.pk, actor=actor)


def test_in_an_installation_of_ones_own_they_lead_to_the_first_mail_and_tick_themselves() -> None:
    organization = OrganizationFactory(postal_address="")
    client = member(organization, Role.OWNER)
    assert (shown(client).title, done(client)) == ("From here to the first mail", [False] * 8)
    assert [step.text for step in shown(client).steps][:3] == ["Say who you are", "Add a sender", "Check it"]

    Organization.objects.update(postal_address="Pier 4, Prague")
    SenderFactory(organization=organization, health={"status": "ok", "checks": []}, health_checked_at=timezone.now())
    LeadFactory(organization=organization)
    campaign = CampaignFactory(organization=organization)
    StepFactory(campaign=campaign)
    did(organization, "campaign.test_sent")

    assert done(client) == [True] * 7 + [False]
    page = client.get(reverse("admin:index")).content.decode()
    assert "7 of 8 done" in page and reverse("admin:campaigns_campaign_change", args=[campaign.pk]) in page
    Campaign.objects.update(started_at=timezone.now())
    assert shown(client) is None


def test_in_the_demo_what_people_did_counts_and_not_what_the_demo_made() -> None:
    organization = OrganizationFactory(is_demo=True)
    client = member(organization, Role.OPERATOR)
    did(organization, *TOLD_BY_THE_LOG, actor=SYSTEM)
    did(OrganizationFactory(is_demo=True), *TOLD_BY_THE_LOG)
    assert (shown(client).is_demo, done(client)) == (True, [False] * 8)

    did(organization, "campaign.resumed", "import.committed")
    assert done(client) == [True, False, True, *[False] * 5]

    did(organization, *TOLD_BY_THE_LOG)
    assert done(client) == [*[True] * 4, False, *[True] * 3]

    campaign = CampaignFactory(organization=organization, total_recipients=17, created_by=UserFactory())
    StepFactory(campaign=campaign)
    CampaignSenderFactory(campaign=campaign)
    assert shown(client) is None


def test_each_step_of_the_demo_leads_to_a_page_that_is_there() -> None:
    organization = OrganizationFactory(is_demo=True)
    CampaignFactory(organization=organization, status="running", started_at=timezone.now())
    CampaignFactory(organization=organization, total_recipients=3)
    client = member(organization, Role.OWNER)

    answers = {step.url: client.get(step.url).status_code for step in shown(client).steps}

    assert set(answers.values()) == {200}, answers


def test_who_may_only_look_has_no_steps() -> None:
    assert shown(member(OrganizationFactory(is_demo=True), Role.VIEWER)) is None


def test_they_are_closed_for_the_one_who_closes_them_and_come_back_by_undo() -> None:
    organization = OrganizationFactory(is_demo=True)
    client, other = member(organization, Role.OPERATOR), member(organization, Role.OPERATOR)

    home = client.post(CLOSING, follow=True).content.decode()

    assert (shown(client), shown(other) is not None) == (None, True)
    undo = dict(
        re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', home.partition('class="fl-undo"')[2])
    )
    client.post(CLOSING, undo)
    assert shown(client) is not None
    told = (
        AuditLog.objects.filter(action__startswith="user.first_steps").order_by("pk").values_list("action", "actor_id")
    )
    who = Membership.objects.order_by("pk").values_list("user", flat=True)[0]
    assert list(told.values_list("action", "actor_id")) == [
        ("user.first_steps_closed", who),
        ("user.first_steps_opened", who),
    ]


def test_looking_at_their_address_changes_nothing() -> None:
    client = member(OrganizationFactory(is_demo=True), Role.OPERATOR)

    assert client.get(CLOSING).status_code == 405
    assert not User.objects.exclude(first_steps_closed_at=None).exists()


def test_running_campaigns_count_up_on_an_open_page_and_nothing_is_sent_while_they_stand_still() -> None:
    organization = OrganizationFactory()
    campaign = CampaignFactory(organization=organization, status="running", started_at=timezone.now())
    CampaignFactory(name="Of others", status="running", started_at=timezone.now())
    client = member(organization, Role.VIEWER)
    address = re.search(r'hx-get="(/admin/running/\?v=\w+)"', client.get(reverse("admin:index")).content.decode())
    assert address is not None
    headers = {"HX-Request": "true"}

    still = client.get(address[1], headers=headers)
    Campaign.objects.filter(pk=campaign.pk).update(emails_sent=41)
    moved = client.get(address[1], headers=headers)

    assert (still.status_code, moved.status_code) == (204, 200)
    assert ">41<" in moved.content.decode() and "Of others" not in moved.content.decode()
