"""The page on which an organization is erased."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.deletion import preview_organization
from campaigns.models import Campaign, CampaignTombstone
from campaigns.tests.factories import UserFactory
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.admin.browsers import client_of, member


@pytest.fixture
def organization(campaign: Any) -> Any:
    return campaign.organization


@pytest.fixture
def owner(organization: Any) -> Client:
    return member(organization, Role.OWNER)


def page_of(organization: Any, name: str = "delete") -> str:
    return reverse(f"admin:accounts_organization_{name}", args=[organization.pk])


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def confirmed(organization: Any, **instead: str) -> dict[str, str]:
    token = preview_organization(organization=organization, now=timezone.now()).token
    return {"confirm_name": organization.name, "reason": "The contract ended.", "token": token, **instead}


def test_the_page_counts_everything_of_it_and_changes_nothing(owner: Client, organization: Any) -> None:
    shown = text_of(owner.get(page_of(organization)))

    assert f"Erase organization “{organization.name}”" in shown
    assert "1 recipient " in shown
    assert "1 lead " in shown
    assert "people are not deleted" not in shown
    assert Organization.objects.filter(pk=organization.pk).exists()


def test_an_owner_erases_it_and_is_told_on_the_way_out(owner: Client, organization: Any) -> None:
    answer = owner.post(page_of(organization), confirmed(organization), follow=True)

    assert "verification passed, no row of it is left" in text_of(answer)
    assert not Organization.objects.filter(pk=organization.pk).exists()
    assert not Campaign.objects.exists()
    assert CampaignTombstone.objects.get().reason == "The contract ended."
    assert AuditLog.objects.filter(action="organization.erased", organization_ref=organization.pk).exists()


def test_a_system_administrator_sees_the_job_to_its_end(organization: Any) -> None:
    root = client_of(UserFactory(is_superuser=True, is_staff=True))

    answer = root.post(page_of(organization), confirmed(organization), follow=True)

    assert f"of “{organization.name}”" in text_of(answer)
    assert "To the organizations" in text_of(answer)


def test_a_wrong_name_is_refused_at_its_field(owner: Client, organization: Any) -> None:
    answer = owner.post(page_of(organization), confirmed(organization, confirm_name="other"))

    assert "capitals count" in text_of(answer)
    assert Organization.objects.filter(pk=organization.pk).exists()


def test_only_an_owner_sees_the_way_to_it(owner: Client, manager: Client, organization: Any) -> None:
    assert page_of(organization) in owner.get(page_of(organization, "change")).content.decode()
    assert page_of(organization) not in manager.get(page_of(organization, "change")).content.decode()
    assert [manager.get(page_of(organization)).status_code, manager.post(page_of(organization)).status_code] == [
        403,
        403,
    ]
