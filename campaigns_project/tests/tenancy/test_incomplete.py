"""What came in and has not become a lead is shown as no lead and counted as none."""

import pytest

from campaigns.tests.factories import CampaignFactory, RawLeadFactory, StagedLeadFactory, UserFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import client_of, member
from campaigns_project.tests.rest.clients import key_client
from leads.models import Lead

pytestmark = pytest.mark.django_db

ADDRESS = "halfway@acme.example"


@pytest.fixture
def campaign():
    """In an organization to which two rows came in: one that waits, one that cannot become a lead."""
    campaign = CampaignFactory()
    home = campaign.organization
    waits, wrong = RawLeadFactory.create_batch(2, organization=home, campaign_id=campaign.pk)
    StagedLeadFactory(raw_lead=waits, email_normalized=ADDRESS)
    StagedLeadFactory(raw_lead=wrong, email_normalized=ADDRESS, status="problem", problem_code="invalid_email")
    return campaign


def test_the_api_has_no_lead_of_it(campaign):
    client = key_client(Role.OPERATOR, campaign.organization)

    assert client.get("/api/v1/leads").json()["results"] == []
    assert client.get("/api/v1/leads/lookup", {"email": ADDRESS}).status_code == 404


def test_enrolling_everyone_enrolls_nobody(campaign):
    client = key_client(Role.OPERATOR, campaign.organization)

    answer = client.post(f"/api/v1/campaigns/{campaign.pk}/recipients", {"everyone": True}).json()

    assert (answer["enrolled"], answer["skipped"]) == (0, {})
    assert client.get(f"/api/v1/campaigns/{campaign.pk}").json()["total_recipients"] == 0


def test_lists_search_and_figures_of_the_admin_have_no_lead_of_it(campaign):
    person = member(campaign.organization, Role.OWNER)
    administrator = client_of(UserFactory(is_superuser=True, is_staff=True))

    for client in (person, administrator):
        tiles = {tile.label: tile.value for tile in client.get("/admin/").context["tiles"]}
        assert tiles["Leads"] == "0"
        assert ADDRESS not in client.get("/admin/leads/lead/").content.decode()
        assert (
            "/admin/leads/lead/" not in client.get("/admin/search/", {"s": "halfway", "extended": "1"}).content.decode()
        )
    assert Lead.objects.count() == 0
