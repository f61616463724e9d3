import pytest

from campaigns.tests.factories import LeadFactory, RecipientFactory, SuppressionFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.rest.clients import key_client
from leads.models import Suppression

pytestmark = pytest.mark.django_db


def test_suppressing_an_address_takes_the_person_out_of_every_campaign():
    client = key_client(Role.OPERATOR)
    recipient = RecipientFactory(campaign__organization=client.organization, lead__email="ana@acme.example")

    answer = client.post("/api/v1/suppressions", {"address": "Ana@Acme.example", "reason": "unsubscribed"})

    recipient.refresh_from_db()
    assert (answer.status_code, answer.json()["address"]) == (201, "ana@acme.example")
    assert recipient.status == "unsubscribed"


def test_doing_it_twice_answers_what_is_there():
    client = key_client()
    first = client.post("/api/v1/suppressions", {"address": "ana@acme.example", "reason": "legal"})

    second = client.post("/api/v1/suppressions", {"address": "ana@acme.example"})

    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == first.json()
    assert Suppression.objects.count() == 1


@pytest.mark.parametrize("address", ["", "ana@", "not a domain", "a\nb@acme.example"])
def test_what_is_neither_address_nor_domain_is_refused(address):
    assert key_client().post("/api/v1/suppressions", {"address": address}).status_code == 400


def test_allowing_an_address_again_needs_a_reason_and_a_manager():
    manager = key_client(Role.MANAGER)
    suppression = SuppressionFactory(organization=manager.organization)
    address = f"/api/v1/suppressions/{suppression.pk}"

    assert key_client(Role.OPERATOR, manager.organization).delete(f"{address}?reason=asked").status_code == 403
    assert manager.delete(address).json()["code"] == "reason_missing"
    assert manager.delete(f"{address}?reason=asked+for+it").status_code == 204
    assert AuditLog.objects.get(action="suppression.removed").reason == "asked for it"


def test_a_check_says_of_every_address_whether_and_why_not():
    client = key_client(Role.OPERATOR)
    SuppressionFactory(organization=client.organization, address="ana@acme.example", reason="unsubscribed")
    SuppressionFactory(organization=client.organization, address="umbrella.example", reason="legal")
    SuppressionFactory(address="bob@acme.example")
    asked = ["ANA@acme.example", "carl@umbrella.example", "bob@acme.example", "nonsense"]

    answer = client.post("/api/v1/suppressions/check", {"addresses": asked}).json()

    assert [(item["address"], item["allowed"], item["code"], item["suppressed"]) for item in answer] == [
        ("ANA@acme.example", False, "unsubscribed", "ana@acme.example"),
        ("carl@umbrella.example", False, "legal", "umbrella.example"),
        ("bob@acme.example", True, "", ""),
        ("nonsense", False, "invalid_address", ""),
    ]


def test_a_check_changes_nothing():
    client = key_client(Role.OPERATOR)
    LeadFactory(organization=client.organization, email="ana@acme.example")

    client.post("/api/v1/suppressions/check", {"addresses": ["ana@acme.example"]})

    assert not Suppression.objects.exists()


def test_suppressions_are_filtered_by_reason():
    client = key_client()
    SuppressionFactory(organization=client.organization, reason="legal")
    kept = SuppressionFactory(organization=client.organization, reason="complaint")

    found = client.get("/api/v1/suppressions?reason=complaint,unsubscribed").json()["results"]

    assert [row["id"] for row in found] == [kept.pk]
