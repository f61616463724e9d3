"""One address is one sender of an organization, however it is written."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from campaigns.models import Sender
from campaigns.tests.factories import SenderFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.runtime.health import Level
from campaigns_project.runtime.health.senders import examine_senders
from campaigns_project.tests.admin.browsers import member
from campaigns_project.tests.rest.clients import key_client

pytestmark = pytest.mark.django_db
ALIKE = [("Petr@Fairlead.example", "petr@fairlead.EXAMPLE"), ("ana@bücher.example", "Ana@xn--bcher-kva.example")]


@pytest.mark.parametrize(("first", "second"), ALIKE)
def test_the_second_of_two_ways_to_write_it_is_refused_with_the_first_one_named(first, second):
    client = key_client(Role.MANAGER)
    there, _elsewhere = SenderFactory(organization=client.organization, email=first), SenderFactory(email=first)
    other = SenderFactory(organization=client.organization)

    made = client.post("/api/v1/senders", {"email": second, "kind": "sandbox"})
    changed = client.patch(f"/api/v1/senders/{other.pk}", {"email": second})
    typed = member(client.organization, Role.MANAGER).post(
        reverse("admin:campaigns_sender_change", args=[other.pk]), {"email": second, "kind": "sandbox"}
    )

    said = f"{second} is the address of sender {there.pk} already, written {first}."
    for answer in (made, changed):
        assert (answer.status_code, answer.json()["code"], said in answer.json()["detail"]) == (
            400,
            "address_taken",
            True,
        )
    assert said in typed.content.decode()
    assert Sender.objects.for_organization(client.organization).count() == 2


def test_of_two_at_once_the_database_lets_one_through_and_its_own_address_may_be_written_anew():
    one = SenderFactory(email="petr@fairlead.example")
    with pytest.raises(IntegrityError), transaction.atomic():
        Sender.objects.create(organization=one.organization, email="Petr@Fairlead.example")

    one.email = "PETR@fairlead.example"
    one.save(update_fields=["email"])

    assert Sender.objects.get().email_normalized == "petr@fairlead.example"


def test_those_that_stood_side_by_side_before_stay_and_can_be_changed():
    client = key_client(Role.MANAGER)
    texts = ["petr@fairlead.example", "Petr@fairlead.example", "PETR@fairlead.example", "ana@fairlead.example"]
    Sender.objects.bulk_create([Sender(organization=client.organization, email=each) for each in texts])
    migration = import_module("campaigns.migrations.0008_senders_by_normalized_address")

    migration.write_forms(apps, SimpleNamespace(connection=connection))

    first, second, third, ana = Sender.objects.order_by("pk")
    forms = [each.email_normalized for each in (first, second, third, ana)]
    assert forms == ["petr@fairlead.example", None, None, "ana@fairlead.example"]
    kept = client.patch(f"/api/v1/senders/{second.pk}", {"email": second.email, "name": "Petr"})
    assert (kept.status_code, kept.json()["name"]) == (200, "Petr")
    taken = client.patch(f"/api/v1/senders/{third.pk}", {"email": "ANA@fairlead.example"})
    assert (taken.status_code, taken.json()["code"]) == (400, "address_taken")
    told = [check.message for check in examine_senders() if check.level == Level.WARN]
    alike = "petr@fairlead.example and Petr@fairlead.example and PETR@fairlead.example"
    assert told == [f"1 address belongs to more than one sender: {alike}."]
    first.delete()
    again = client.post("/api/v1/senders", {"email": "pEtr@fairlead.example", "kind": "sandbox"})
    assert (again.status_code, again.json()["code"]) == (400, "address_taken")
    third.delete()
    assert [check.level for check in examine_senders()] == [Level.OK]
    assert client.patch(f"/api/v1/senders/{second.pk}", {"email": second.email}).status_code == 200
    second.refresh_from_db()
    assert second.email_normalized == "petr@fairlead.example"
