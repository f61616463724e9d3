"""A person taken out and erased over the API."""

import io
import json
from zipfile import ZipFile

import pytest

from campaigns import copies
from campaigns.tests.factories import LeadFactory, MessageFactory
from campaigns.tests.persons.everywhere import ADDRESS, BESIDE, NORMAL, leave_traces, mentions
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.rest.clients import key_client
from leads.models import Lead

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_copies(monkeypatch):
    monkeypatch.setattr(copies, "_acts", [])


@pytest.fixture
def manager():
    return key_client(Role.MANAGER)


@pytest.fixture
def person(manager):
    return leave_traces(manager.organization).lead


def test_a_person_is_erased_with_the_numbers_that_were_shown(manager, person):
    impact = manager.get(f"/api/v1/leads/{person.pk}/erasure").json()
    confirmed = {"confirm_email": ADDRESS, "reason": "asked for it", "token": impact["token"]}

    answer = manager.post(f"/api/v1/leads/{person.pk}/erase", confirmed)

    assert (answer.status_code, answer.json()["removed"]["leads"], mentions()) == (200, 1, {})


def test_without_the_right_address_nobody_is_erased(manager, person):
    answer = manager.post(f"/api/v1/leads/{person.pk}/erase", {"confirm_email": "x@acme.example", "reason": "asked"})

    assert (answer.status_code, answer.json()["code"]) == (400, "wrong_address")
    assert "The address given to confirm" in answer.json()["detail"]
    assert Lead.objects.filter(pk=person.pk).exists()


def test_a_mail_in_flight_is_waited_for(manager):
    lead = LeadFactory(organization=manager.organization)
    of = {"recipient__lead": lead, "recipient__campaign__organization": lead.organization}
    MessageFactory(**of, in_hand=True, status="sending")

    answer = manager.post(f"/api/v1/leads/{lead.pk}/erase", {"confirm_email": lead.email, "reason": "asked"})

    assert (answer.status_code, answer.json()["code"]) == (409, "deletion_blocked")


@pytest.mark.parametrize("how", ["post", "patch"])
def test_no_lead_is_made_of_an_erased_persons_address(manager, person, how):
    manager.post(f"/api/v1/leads/{person.pk}/erase", {"confirm_email": ADDRESS, "reason": "asked for it"})
    other = Lead.objects.get(email=BESIDE)

    path = "/api/v1/leads" if how == "post" else f"/api/v1/leads/{other.pk}"
    answer = getattr(manager, how)(path, {"email": NORMAL.upper()})

    assert (answer.status_code, answer.json()["code"]) == (409, "erased_person")


def test_an_erased_person_may_come_back_once_the_entry_is_removed(manager, person):
    manager.post(f"/api/v1/leads/{person.pk}/erase", {"confirm_email": ADDRESS, "reason": "asked for it"})
    found = manager.post("/api/v1/suppressions/check", {"addresses": [ADDRESS]}).json()[0]

    manager.delete(f"/api/v1/suppressions/{found['suppression']['id']}?reason=signed+up+again")

    assert (found["allowed"], found["code"], found["suppressed"]) == (False, "erased", "")
    assert manager.post("/api/v1/leads", {"email": ADDRESS}).status_code == 201


def test_everything_held_of_a_person_is_taken_out(manager, person):
    answer = manager.post(f"/api/v1/leads/{person.pk}/export")

    with ZipFile(io.BytesIO(answer.content)) as archive:
        held = json.loads(archive.read("person.json"))
    empty = {table for table, rows in held.items() if rows == []}
    assert (held["leads"][0]["email"], empty) == (ADDRESS, set())
    assert held["messages"][0]["merge_values"]["first_name"] == "Zuzanna"
    assert BESIDE not in json.dumps(held)
    told = {"events", "lead_notes", "raw_leads", "lead_enrichments", "provider_purchases", "suppressions"}
    assert told <= set(held)
