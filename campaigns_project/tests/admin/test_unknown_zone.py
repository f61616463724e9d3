"""Time zones that were set where more of them were known: on a machine with newer time zone data."""

from datetime import time

import pytest
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from campaigns.models import Campaign, Sender
from campaigns.tests.factories import CampaignDayFactory, LeadFactory, OrganizationFactory
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.runtime.health import examine
from campaigns_project.runtime.health.clocks import LISTED
from campaigns_project.tests.admin.browsers import member
from campaigns_project.tests.admin.conftest import World, make_world
from campaigns_project.tests.rest.clients import key_client
from leads.models import Lead

pytestmark = pytest.mark.django_db
SAID = "Nothing leaves: its time zone, Africa/Nowhere, is not known on this machine. Choose another one"


@pytest.fixture
def nowhere() -> World:
    """A world none of whose clocks can be read."""
    world = make_world(
        status="running", started_at=timezone.now(), window_start=time(9), window_end=time(17), sending_days=[1, 2, 3]
    )
    CampaignDayFactory(campaign=world.campaign, day=timezone.now().date(), sent=5)
    for model in (Campaign, Sender, Organization):
        model.objects.update(timezone="Africa/Nowhere")
    Sender.objects.update(daily_limit=10, ramp_start=2, ramp_started_on="2026-11-01")
    return world


def test_every_page_that_goes_by_them_opens_and_says_what_is_wrong(nowhere: World) -> None:
    client = member(nowhere.organization, Role.OWNER)
    campaign = f"campaigns/campaign/{nowhere.campaign.pk}"
    pages = [
        *(f"{campaign}/{page}" for page in ("change", "results", "start", "schedule")),
        f"campaigns/recipient/{nowhere.recipient.pk}/change",
    ]

    answers = {page: client.get(f"/admin/{page}/") for page in pages}

    assert {page: answer.status_code for page, answer in answers.items() if answer.status_code != 200} == {}
    saying = [page for page in pages if SAID in answers[page].content.decode()]
    assert (
        "Days are those of UTC: its time zone, Africa/Nowhere, is not"
        in answers[f"{campaign}/results"].content.decode()
    )
    assert saying == [f"{campaign}/change", pages[-1]]
    assert (
        "its time zone, Africa/Nowhere, is not known on this machine" in answers[f"{campaign}/start"].content.decode()
    )


def test_so_does_every_answer_of_the_api(nowhere: World) -> None:
    client = key_client(Role.OWNER, nowhere.organization)
    campaign = f"campaigns/{nowhere.campaign.pk}"
    paths = [
        *(f"{campaign}{rest}" for rest in ("", "/progress", "/sending-status", "/senders", "/analytics")),
        f"{campaign}/recipients/{nowhere.recipient.pk}/sending-status",
        "senders",
        "calendar",
        "analytics/overview",
    ]

    answers = {path: client.get(f"/api/v1/{path}") for path in paths}

    assert {path: answer.status_code for path, answer in answers.items() if answer.status_code != 200} == {}
    window = {gate["code"]: gate for gate in answers[f"{campaign}/sending-status"].json()["gates"]}["window"]
    assert (window["ok"], window["why"], window["sentence"].startswith(SAID)) == (False, "timezone_unknown", True)
    assert answers["analytics/overview"].json()["days"][-1]["sent"] == 5
    assert answers[f"{campaign}/analytics"].json()["timezone"] == "UTC"


def test_the_examination_names_them_by_what_becomes_of_them(nowhere: World) -> None:
    Lead.objects.update(timezone="Africa/Elsewhere")

    checks = examine(now=timezone.now(), only=("clocks",)).checks

    assert [(check.level, check.message.partition(" (")[0]) for check in checks] == [
        ("warn", f"1 {noun} with a time zone that is not known on this machine")
        for noun in ("campaign", "organization", "sender", "lead")
    ]
    assert f"({nowhere.campaign}: Africa/Nowhere). Nothing of it leaves" in checks[0].message
    assert str(nowhere.campaign) not in str([check.for_support() for check in checks])


def test_however_many_zones_are_unknown_every_lead_counts() -> None:
    organization = OrganizationFactory()
    LeadFactory.create_batch(LISTED + 2, organization=organization)
    Lead.objects.update(timezone=Concat(Value("Africa/Nowhere"), Cast("pk", CharField())))

    (check,) = examine(now=timezone.now(), only=("clocks",)).checks

    assert check.message.startswith(f"{LISTED + 2} leads with a time zone")
    assert len(check.details) == LISTED
