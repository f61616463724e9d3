"""Names of tags: no comma in them, since commas separate tags."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from campaigns.tests.factories import CampaignFactory, LeadFactory, LeadTagFactory, OrganizationFactory, TagFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import member
from campaigns_project.tests.rest.clients import key_client
from leads.models import Lead, LeadImport, Tag

pytestmark = pytest.mark.django_db

RULES = {"groups": [{"rules": [{"field": "company", "operator": "is", "value": "Acme"}]}]}
BODIES = {
    "tags": {"name": "a,b"},
    "leads": {"email": "ana@acme.example", "tags": ["vip", "a,b"]},
    "leads/bulk": {"act": "tag", "tags": ["a,b"], "rules": RULES},
    "imports": {"rows": [{"email": "ana@acme.example"}], "tags": ["a,b"]},
    "campaigns/{campaign}/lead-source": {"filters": {"person_titles": ["ceo"]}, "count": 5, "tags": ["a,b"]},
}


@pytest.mark.parametrize("path", BODIES)
def test_nobody_names_a_tag_with_a_comma_and_nothing_is_made(path):
    client = key_client()
    campaign = CampaignFactory(organization=client.organization)

    answer = client.post(f"/api/v1/{path.format(campaign=campaign.pk)}", BODIES[path])

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_tag")
    assert "commas separate tags" in answer.json()["detail"]
    assert answer.json()["field"] == ("name" if path == "tags" else "tags")
    assert (Tag.objects.count(), Lead.objects.count(), LeadImport.objects.count()) == (0, 0, 0)


def test_a_dry_run_is_refused_as_the_import_would_be():
    file = SimpleUploadedFile("new.csv", b"email\nana@acme.example\n")

    answer = key_client().post("/api/v1/imports", {"file": file, "tags": "a,b", "dry_run": True}, format="multipart")

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_tag")


def test_a_tag_is_not_renamed_to_one_with_a_comma():
    client = key_client()
    tag = TagFactory(organization=client.organization, name="vip")

    answer = client.patch(f"/api/v1/tags/{tag.pk}", {"name": "a,b"})

    assert (answer.status_code, answer.json()["code"], Tag.objects.get().name) == (400, "bad_tag", "vip")


def test_one_from_earlier_days_stays_on_its_leads_gets_another_color_and_a_better_name():
    client = key_client()
    lead = LeadFactory(organization=client.organization)
    tag = LeadTagFactory(lead=lead, tag__organization=client.organization, tag__name="A,b").tag
    address = f"/api/v1/tags/{tag.pk}"

    kept = client.patch(f"/api/v1/leads/{lead.pk}", {"tags": ["a,b", "new"]})
    colored = client.patch(address, {"name": "A,b", "color": "#000000"})
    renamed = client.patch(address, {"name": "a and b"})

    assert (kept.status_code, kept.json()["tags"]) == (200, ["A,b", "new"])
    assert [colored.status_code, renamed.status_code] == [200, 200]


def test_the_form_of_a_tag_says_why_it_takes_no_comma():
    organization = OrganizationFactory()
    tag = TagFactory(organization=organization, name="vip")
    page = reverse("admin:leads_tag_change", args=[tag.pk])
    typed = {"organization": organization.pk, "name": "a,b", "color": tag.color}

    answer = member(organization, Role.OPERATOR).post(page, typed)

    assert (answer.status_code, Tag.objects.get().name) == (200, "vip")
    assert "commas separate tags" in answer.content.decode()
