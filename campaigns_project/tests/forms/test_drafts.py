"""Which forms a browser may keep drafts of, whose they are, and how it hears that one was saved."""

from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client
from django.urls import reverse
from lxml.html import document_fromstring  # type: ignore[import-untyped]

from campaigns.models import Campaign, EmailTemplate, Step, Variant
from campaigns_project.accounts.admin.drafts import SAVED
from campaigns_project.accounts.models import Membership
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import client_of, member
from campaigns_project.tests.forms.tabs import Tab
from campaigns_project.tests.tenancy.world import World
from leads.models import Lead

pytestmark = pytest.mark.django_db


def mark_of(client: Client, address: str) -> Any:
    [mark] = document_fromstring(client.get(address).content.decode()).find_class("fl-draft")
    return mark


def change(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def test_wordings_have_drafts_each_of_one_person_and_one_form_and_forms_about_people_have_none(world: World) -> None:
    person = world[Membership].user
    step = f"{reverse('admin:campaigns_step_add')}?campaign={world[Campaign].pk}"

    kept = [change(world[model]) for model in (Variant, EmailTemplate, Step)] + [step]

    own = client_of(person)
    assert [mark_of(own, address).get("data-draft") for address in kept] == [f"{person.pk} {each}" for each in kept]
    assert mark_of(own, f"{step}&template={world[EmailTemplate].pk}").get("data-draft") == f"{person.pk} {step}"
    assert mark_of(own, change(world[Lead])).get("data-draft") is None
    viewer = member(world.organization, Role.VIEWER)
    assert mark_of(viewer, change(world[Variant])).get("data-draft") is None


def test_a_draft_is_said_to_be_saved_once_it_is_and_not_when_it_is_refused(world: World) -> None:
    person = world[Membership].user
    tab = Tab(client_of(person), change(world[Variant]))

    refused = tab.save(subject="{{ nobody }}")
    marks = document_fromstring(tab.page).find_class("fl-draft")
    saved = tab.save(subject="Mended")

    assert (SAVED in refused.cookies, [mark.get("data-refused") for mark in marks]) == (False, ["true"])
    assert saved.status_code == 302
    assert unquote(saved.cookies[SAVED].value) == f"{person.pk} {change(world[Variant])}"
