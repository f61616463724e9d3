"""The key of a profile is for the endpoint it was given for, and for no other."""

import pytest
from django.urls import reverse

from campaigns.tests.factories import EnrichmentProfileFactory, OrganizationFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import member
from campaigns_project.tests.rest.clients import key_client
from leads.models import EnrichmentProfile

pytestmark = pytest.mark.django_db
ELSEWHERE = "https://llm.elsewhere.example/v1"


def test_a_stored_key_does_not_follow_a_profile_to_another_endpoint():
    client = key_client(Role.MANAGER)
    profile = EnrichmentProfileFactory(organization=client.organization, api_key="sk-secret")
    address = f"/api/v1/enrichment-profiles/{profile.pk}"

    alone = client.patch(address, {"url": ELSEWHERE})
    same_host = client.patch(address, {"url": "https://llm.example.com/v2"})
    together = client.patch(address, {"url": ELSEWHERE, "api_key": "sk-other"})

    assert (alone.status_code, alone.json()["code"]) == (400, "secret_for_another_host")
    assert (same_host.status_code, together.status_code) == (200, 200)


def test_nor_on_the_profile_s_page():
    home = OrganizationFactory()
    profile = EnrichmentProfileFactory(organization=home, api_key="sk-secret")
    page = reverse("admin:leads_enrichmentprofile_change", args=[profile.pk])
    typed = {"name": "Ours", "url": ELSEWHERE, "model": "m", "prompt": "About {{ company }}", "fields": "title"}

    alone = member(home, Role.MANAGER).post(page, {**typed, "api_key": ""})
    kept = EnrichmentProfile.objects.get()
    together = member(home, Role.MANAGER).post(page, {**typed, "api_key": "sk-other"})

    assert (alone.status_code, "Enter it again together with the new host." in alone.content.decode()) == (200, True)
    assert (kept.url, kept.api_key) == ("https://llm.example.com/v1", "sk-secret")
    assert (together.status_code, EnrichmentProfile.objects.get().url) == (302, ELSEWHERE)
