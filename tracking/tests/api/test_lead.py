"""A lead's timeline and a merge over the API."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.tests.factories import (
    NOON,
    CampaignFactory,
    CampaignSenderFactory,
    LeadChangeFactory,
    LeadFactory,
    LeadNoteFactory,
    RecipientFactory,
    StepFactory,
    VariantFactory,
)
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.rest.clients import KeyClient, key_client
from leads.models import Lead, LeadChange

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(db: None) -> KeyClient:
    return key_client(Role.MANAGER)


@pytest.fixture
def lead(client: KeyClient) -> Any:
    return LeadFactory(organization=client.organization, company="Acme", title="")


def read(client: KeyClient, lead: Lead, **asked: Any) -> Any:
    return client.get(f"/api/v1/leads/{lead.pk}/timeline", asked)


def test_a_change_by_the_api_is_on_the_timeline_with_what_stood_there_before(client, lead):
    client.patch(f"/api/v1/leads/{lead.pk}", {"company": "Acme GmbH", "tags": ["vip"]})

    entry = read(client, lead, show="changes").json()["results"][0]

    assert entry["title"] == "company “Acme” → “Acme GmbH”, tags none → “vip”"
    assert (entry["kind"], entry["detail"], entry["actor"]) == ("changed", "API", "test manager")
    assert entry["data"]["changes"] == {"company": ["Acme", "Acme GmbH"], "tags": [[], ["vip"]]}


def test_a_patch_that_changes_nothing_leaves_no_change(client, lead):
    client.patch(f"/api/v1/leads/{lead.pk}", {"company": "Acme"})

    assert not LeadChange.objects.exists()


def test_pages_follow_each_other_by_next(client, lead):
    for _ in range(5):
        LeadChangeFactory(lead=lead)

    first = read(client, lead, show="changes", page_size=3).json()
    second = client.get(first["next"]).json()

    assert (len(first["results"]), len(second["results"]), second["next"]) == (3, 2, None)


def test_what_comes_next_is_said_with_its_time_and_sender(client, lead):
    campaign = CampaignFactory(organization=client.organization, name="Autumn", running=True)
    step = StepFactory(campaign=campaign)
    VariantFactory(step=step)
    sender = CampaignSenderFactory(campaign=campaign).sender
    RecipientFactory(campaign=campaign, lead=lead, next_step=step, next_send_at=NOON.replace(year=2099), sender=sender)

    expected = read(client, lead).json()["expected_next"]

    assert expected["sentence"].startswith("Step 1 of “Autumn” ") or "No mail is planned" in expected["sentence"]
    assert expected["campaign"] == campaign.pk


def test_somebody_in_no_campaign_expects_nothing(client, lead):
    assert read(client, lead).json() == {"next": None, "expected_next": None, "results": []}


@pytest.mark.parametrize(
    ("asked", "code"),
    [({"show": "shoes"}, "unknown_part"), ({"cursor": "x"}, "invalid_cursor"), ({"page_size": 0}, "invalid")],
)
def test_what_cannot_be_asked_is_refused(client, lead, asked, code):
    answer = read(client, lead, **asked)

    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_timeline_with_more_campaigns_costs_no_more_queries(client):
    counts = []
    for number in (1, 3):
        lead = LeadFactory(organization=client.organization)
        for _ in range(number):
            campaign = CampaignFactory(organization=client.organization, running=True)
            RecipientFactory(campaign=campaign, lead=lead, next_step=StepFactory(campaign=campaign))
            LeadNoteFactory(lead=lead, campaign=campaign)
        with CaptureQueriesContext(connection) as queries:
            read(client, lead)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_dry_run_says_what_would_be_done_and_does_nothing(client, lead):
    other = LeadFactory(organization=client.organization, company="Acme GmbH", title="CEO")

    told = client.post(f"/api/v1/leads/{lead.pk}/merge", {"other": other.pk, "dry_run": True}).json()

    chosen = {each["field"]: each["chosen"] for each in told["fields"]}
    assert (chosen["company"], chosen["title"]) == ("keep", "other")
    assert (told["dry_run"], told["problem"], Lead.objects.count()) == (True, "", 2)


def test_a_merge_answers_what_was_done(client, lead):
    other = LeadFactory(organization=client.organization, company="Acme GmbH")

    told = client.post(f"/api/v1/leads/{lead.pk}/merge", {"other": other.pk, "choices": {"company": "other"}}).json()

    assert (told["keep"], told["other"], told["dry_run"]) == (lead.pk, other.pk, False)
    assert Lead.objects.values_list("pk", "company").get() == (lead.pk, "Acme GmbH")
