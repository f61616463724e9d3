"""What campaigns add to the pages of imports."""

import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign, Recipient
from campaigns.tasks import enroll_imported
from campaigns.tests.factories import CampaignFactory, OrganizationFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.tests.admin.browsers import member, press
from leads.imports.options import ImportOptions
from leads.imports.receiving import receive
from leads.imports.running import run_import
from leads.models import LeadImport


@pytest.fixture
def organization(db: None) -> Any:
    return OrganizationFactory()


@pytest.fixture
def operator(organization: Any) -> Client:
    return member(organization, Role.OPERATOR)


def received(organization: Any, **how: Any) -> LeadImport:
    content = io.BytesIO(b"email\nana@acme.example\nbo@acme.example\nwrong\n")
    return receive(
        organization=organization, stream=content, file_name="fair.csv", options=ImportOptions(), actor=SYSTEM,
        now=timezone.now(), **how,
    )  # fmt: skip


def test_drafts_of_the_organization_are_offered_to_put_people_into(operator: Client, organization: Any) -> None:
    draft = CampaignFactory(organization=organization, name="Autumn")
    CampaignFactory(organization=organization, name="Under way", status="running", started_at=timezone.now())
    CampaignFactory(name="Of others")
    lead_import = received(organization, as_draft=True)

    form = operator.get(reverse("admin:leads_leadimport_options", args=[lead_import.pk])).context["form"]

    assert form.fields["enroll_into"].choices == [("", "No campaign"), (draft.pk, "Autumn")]


def test_a_campaign_is_made_with_the_people_of_an_import(operator: Client, organization: Any) -> None:
    lead_import = run_import(lead_import_id=received(organization).pk, now=timezone.now())

    answer = press(
        operator, reverse("admin:leads_leadimport_create_campaign", args=[lead_import.pk]), name="After the fair"
    )
    enroll_imported(lead_import.pk)
    page = operator.get(reverse("admin:leads_leadimport_progress", args=[lead_import.pk])).content.decode()

    campaign = Campaign.objects.get(name="After the fair")
    assert answer["HX-Redirect"] == reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    assert (campaign.status, Recipient.objects.filter(campaign=campaign).count()) == ("draft", 2)
    assert "2 of its people enrolled, 0 left out." in page


def test_no_campaign_is_made_with_the_people_of_an_import_under_way(operator: Client, organization: Any) -> None:
    lead_import = received(organization)

    answer = press(operator, reverse("admin:leads_leadimport_create_campaign", args=[lead_import.pk]), name="Too early")

    assert "is under way, or was undone" in answer.content.decode()
    assert not Campaign.objects.exists()


def test_no_campaign_is_made_with_people_nobody_can_name_any_more(operator: Client, organization: Any) -> None:
    lead_import = run_import(lead_import_id=received(organization).pk, now=timezone.now())
    LeadImport.objects.update(rows_removed_at=timezone.now())
    dialog = reverse("admin:leads_leadimport_create_campaign", args=[lead_import.pk])

    page = operator.get(reverse("admin:leads_leadimport_progress", args=[lead_import.pk])).content.decode()
    answer = press(operator, dialog, name="Too late")

    assert dialog not in page
    assert "were removed for their age" in answer.content.decode()
    assert not Campaign.objects.exists()
