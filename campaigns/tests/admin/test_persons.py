"""A person's data and their erasure, on the page of the lead."""

import io
from typing import Any
from zipfile import ZipFile

import pytest
from django.test import Client
from django.urls import reverse

from campaigns import copies
from campaigns.tests.factories import OrganizationFactory
from campaigns.tests.persons.everywhere import ADDRESS, leave_traces, mentions
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import member
from leads.models import Lead


@pytest.fixture
def person(db: None, monkeypatch: Any) -> Lead:
    monkeypatch.setattr(copies, "_acts", [])
    return leave_traces(OrganizationFactory()).lead


@pytest.fixture
def manager(person: Lead) -> Client:
    return member(person.organization, Role.MANAGER)


def page(name: str, person: Lead) -> str:
    return reverse(f"admin:leads_lead_{name}", args=[person.pk])


def test_a_person_is_erased_after_the_address_was_typed(manager: Client, person: Lead) -> None:
    shown = manager.get(page("erase", person))
    typed = {"token": shown.context["impact"].token, "reason": "asked for it"}

    wrong = manager.post(page("erase", person), {**typed, "confirm_name": "Zuzanna Kowalczyk"})
    still_there = Lead.objects.filter(pk=person.pk).exists()
    right = manager.post(page("erase", person), {**typed, "confirm_name": ADDRESS})

    assert "is not that of the person who would be erased" in wrong.content.decode()
    assert (still_there, right.status_code, right["Location"]) == (True, 302, reverse("admin:leads_lead_changelist"))
    assert mentions() == {}


def test_everything_held_comes_as_a_file_and_by_post_alone(manager: Client, person: Lead) -> None:
    by_get = manager.get(page("export", person))
    by_post = manager.post(page("export", person))

    assert by_get.status_code == 302
    assert "person.json" in ZipFile(io.BytesIO(by_post.content)).namelist()


def test_both_need_a_manager(person: Lead) -> None:
    operator = member(person.organization, Role.OPERATOR)

    answers = [operator.get(page("erase", person)), operator.post(page("export", person))]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert page("erase", person) not in operator.get(page("change", person)).content.decode()


def test_another_organization_finds_nobody(person: Lead) -> None:
    stranger = member(OrganizationFactory(), Role.OWNER)

    answers = [stranger.get(page("erase", person)), stranger.post(page("export", person))]

    assert [answer.status_code for answer in answers] == [404, 404]
