"""Steps in a thread, variants with weights, and what a message said, by the API."""

import pytest

from campaigns.models import Campaign, Step, Variant
from campaigns.tests.factories import (
    CampaignFactory,
    LeadFactory,
    MessageFactory,
    StepFactory,
    VariantFactory,
    VariantVersionFactory,
)
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.rest.clients import key_client

pytestmark = pytest.mark.django_db
BODY = {"body_text": "Hello {{ first_name }}"}


@pytest.fixture
def campaign():
    draft = CampaignFactory()
    VariantFactory(step=StepFactory(campaign=draft, position=1))
    return draft


def client(campaign: Campaign, role: Role = Role.OPERATOR):
    return key_client(organization=campaign.organization, role=role)


def add(campaign, **body):
    return client(campaign).post(
        f"/api/v1/campaigns/{campaign.pk}/steps", {"variants": [BODY], **body}, content_type="application/json"
    )


def test_a_follow_up_in_the_thread_needs_no_subject_and_one_of_its_own_does(campaign):
    in_thread, refused = add(campaign), add(campaign, in_thread=False)

    assert (in_thread.status_code, in_thread.json()["in_thread"]) == (201, True)
    assert (refused.status_code, refused.json()["code"]) == (400, "subject_missing")
    assert Step.objects.count() == 2


def test_a_step_is_not_taken_out_of_the_thread_before_it_has_a_subject(campaign):
    step = add(campaign).json()
    path = f"/api/v1/campaigns/{campaign.pk}/steps/{step['id']}"
    take_out = {"path": path, "data": {"in_thread": False}, "content_type": "application/json"}
    refused = client(campaign).patch(**take_out)
    Variant.objects.filter(step=step["id"]).update(subject="Of its own")

    done = client(campaign).patch(**take_out)

    assert (refused.json()["code"], done.json()["in_thread"]) == ("subject_missing", False)


def test_the_first_step_is_not_removed_while_the_next_has_no_subject(campaign):
    add(campaign)
    first = campaign.steps.get(position=1)

    refused = client(campaign).delete(f"/api/v1/campaigns/{campaign.pk}/steps/{first.pk}")

    assert (refused.status_code, refused.json()["code"], Step.objects.count()) == (400, "subject_missing", 2)


def test_a_viewer_reads_what_a_message_said(campaign):
    variant = Variant.objects.get()
    kept = VariantVersionFactory(variant=variant, version=3, body_html="<p>Dear {{ first_name }}</p>", body_text="")
    message = MessageFactory(
        recipient__campaign=campaign,
        recipient__lead__organization=campaign.organization,
        step=variant.step,
        variant=variant,
        step_version=kept.version,
        subject="As it was",
        merge_values={"first_name": "<Ana>", "postal_address": "1 Quay"},
    )
    path = f"/api/v1/campaigns/{campaign.pk}/messages/{message.pk}/content"

    answer = client(campaign, Role.VIEWER).get(path).json()
    elsewhere = key_client(organization=Organization.objects.create(name="Other", slug="other")).get(path)

    assert (answer["subject"], answer["version"]) == ("As it was", 3)
    assert answer["html"].startswith("<p>Dear &lt;Ana&gt;</p>") and "1 Quay" in answer["text"]
    assert elsewhere.status_code == 404


def test_a_wording_is_shown_as_a_lead_would_read_it_and_nobody_elses_lead():
    reader = key_client()
    variant = VariantFactory(
        step__campaign__organization=reader.organization,
        subject="Hello {{ first_name }}",
        body_text="Dear {{ first_name }}",
    )
    ana, other = LeadFactory(organization=reader.organization, first_name="Ana"), LeadFactory()
    nobody = LeadFactory(organization=reader.organization, first_name="")
    address = f"/api/v1/campaigns/{variant.step.campaign_id}/steps/{variant.step_id}/variants/{variant.pk}/preview"

    shown = reader.get(f"{address}?lead={ana.pk}").json()
    refused = [reader.get(f"{address}?lead={key}") for key in (nobody.pk, other.pk, "ana")]

    assert (shown["lead"], shown["subject"], "Dear Ana" in shown["text"]) == (ana.pk, "Hello Ana", True)
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [
        (400, "merge_value_missing"), (404, "no_lead"), (400, "invalid"),
    ]  # fmt: skip
