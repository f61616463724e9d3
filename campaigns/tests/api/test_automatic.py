"""Automatic campaigns, bookings and de-enrollment runs over the API."""

from typing import Any

import pytest
from django.utils import timezone

from campaigns.de_enrollment import work_on_run
from campaigns.models import Campaign, DeEnrollmentRun, Recipient
from campaigns.tests.factories import (
    CampaignFactory,
    LeadAliasFactory,
    LeadFactory,
    RecipientFactory,
    SegmentFactory,
    StepFactory,
)
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.rest.clients import key_client

pytestmark = pytest.mark.django_db
CAMPAIGNS, RUNS = "/api/v1/campaigns", "/api/v1/de-enrollment/runs"


@pytest.fixture
def client() -> Any:
    return key_client(Role.MANAGER)


@pytest.fixture
def campaign(client: Any) -> Campaign:
    step = StepFactory(campaign__organization=client.organization, campaign__running=True)
    return step.campaign


def inside(campaign: Campaign, **fields: Any) -> Recipient:
    recipient = RecipientFactory(campaign=campaign, next_step=campaign.steps.get(), **fields)
    Campaign.objects.filter(pk=campaign.pk).update(total_recipients=1, active_leads_count=1)
    return recipient


def run_of(client: Any, **body: Any) -> Any:
    asked = client.post(RUNS, body)
    assert asked.status_code == 202, asked.json()
    work_on_run(run_id=asked.json()["id"], now=timezone.now())
    return client.get(asked["Location"]).json()


def test_a_standing_audience_is_set_shown_switched_and_taken_away(client, campaign):
    path = f"{CAMPAIGNS}/{campaign.pk}"
    segment = SegmentFactory(organization=client.organization, name="Deciders")

    before = client.get(f"{path}/standing-audience").json()
    made = client.post(f"{path}/standing-audience", {"segments": [segment.pk], "at_most": 50}).json()
    off = client.post(f"{path}/deactivate", {"reason": "fair is over"}).json()
    again = client.post(f"{path}/deactivate")
    on = client.post(f"{path}/activate").json()
    gone = client.delete(f"{path}/standing-audience")

    assert (before["is_automatic"], before["segments"], before["last_look"]) == (False, [], None)
    assert (made["segments"], made["at_most"], made["in_words"]) == ([segment.pk], 50, "everybody of “Deciders”")
    assert (off["is_active"], off["deactivated_at"] is None, on["is_active"]) == (False, False, True)
    assert (again.status_code, again.json()["code"], gone.status_code) == (409, "already_inactive", 204)
    assert client.get(path).json()["is_automatic"] is False


def test_campaigns_are_told_apart_by_whether_they_are_automatic(client, campaign):
    segment = SegmentFactory(organization=client.organization)
    automatic = CampaignFactory(
        organization=client.organization, is_automatic=True, standing_audience={"segments": [segment.pk]}
    )

    found = {each: client.get(CAMPAIGNS, {"is_automatic": each}).json()["results"] for each in ("true", "false")}

    assert [row["id"] for row in found["true"]] == [automatic.pk]
    assert [row["id"] for row in found["false"]] == [campaign.pk]


def test_only_a_manager_makes_a_campaign_automatic(campaign):
    operator = key_client(Role.OPERATOR, campaign.organization)
    segment = SegmentFactory(organization=campaign.organization)

    answer = operator.post(f"{CAMPAIGNS}/{campaign.pk}/standing-audience", {"segments": [segment.pk]})

    assert answer.status_code == 403


def test_a_booking_is_noted_shown_and_taken_back(client, campaign):
    recipient = inside(campaign)
    path = f"/api/v1/leads/{recipient.lead_id}/booking"

    booked = client.post(path, {"campaign": campaign.pk})
    twice = client.post(path)
    shown = client.get(f"{CAMPAIGNS}/{campaign.pk}/recipients/{recipient.pk}").json()
    counted = client.get(f"{CAMPAIGNS}/{campaign.pk}").json()["booked_count"]
    taken_back = client.delete(path)

    assert booked.json() == {"left": [campaign.pk], "counts": [campaign.pk]}
    assert (twice.status_code, twice.json()["code"]) == (409, "already_booked")
    assert (shown["exit_reason"], shown["booked_at"] is None, counted) == ("booked", False, 1)
    assert (taken_back.status_code, client.get(f"{CAMPAIGNS}/{campaign.pk}").json()["booked_count"]) == (204, 0)


def test_a_run_is_asked_for_dry_then_done_and_names_whom_it_found(client, campaign):
    recipient = inside(campaign, replied_at=timezone.now())

    dry = run_of(client, dry_run=True)
    still_in = client.get("/api/v1/de-enrollment/health").json()
    done = run_of(client, reason="they told us")
    items = client.get(f"{RUNS}/{done['id']}/items").json()["results"]
    health = client.get("/api/v1/de-enrollment/health").json()

    assert (dry["status"], dry["is_dry_run"], dry["found"], dry["removed"]) == ("succeeded", True, 1, 0)
    assert (still_in["status"], still_in["wrongly_active"]) == ("wrongly_active", 1)
    assert (done["removed"], done["by_reason"]) == (1, {"replied": 1})
    assert [(row["recipient"], row["outcome"], row["email_address"]) for row in items] == [
        (recipient.pk, "removed", recipient.email_address)
    ]
    assert (health["status"], health["wrongly_active"], health["removed_1h"]) == ("ok", 0, 1)


def test_people_are_named_by_number_by_address_and_by_one_they_had(client, campaign):
    people = [LeadFactory(organization=client.organization, email=f"ana{n}@acme.example") for n in range(3)]
    for lead in people:
        inside(campaign, lead=lead)
    LeadAliasFactory(organization=client.organization, lead=people[2], email_normalized="old@acme.example")

    run = run_of(client, leads=[str(people[0].pk), " ANA1@acme.example ", "old@acme.example"], campaign=campaign.pk)

    assert (run["removed"], run["by_reason"]) == (3, {"de_enrolled": 3})


def test_somebody_unknown_is_named_and_nobody_leaves(client, campaign):
    recipient = inside(campaign)

    answer = client.post(RUNS, {"leads": [recipient.email_address, "nobody@acme.example"]})

    assert (answer.status_code, answer.json()["code"]) == (404, "lead_not_found")
    assert "nobody@acme.example" in answer.json()["detail"]
    assert not DeEnrollmentRun.objects.exists()


def test_items_of_another_organizations_run_are_not_there(client):
    other = key_client(Role.MANAGER)
    run = other.post(RUNS).json()["id"]

    assert client.get(f"{RUNS}/{run}/items").status_code == 404
