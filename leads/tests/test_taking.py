"""A lead gets an address in the very moment in which it is taken from another lead."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from campaigns.tests.factories import LeadFactory
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.errors import StateRefused
from campaigns_project.tests.rest.test_races import wait_until_somebody_waits_for_us
from leads.models import Lead
from leads.suppression import suppress_erased, taking
from tracking.merging import merge_leads

pytestmark = pytest.mark.django_db(transaction=True)
OLD = "ana@old.example"


@pytest.fixture
def keep(transactional_db: None) -> Any:
    return LeadFactory(email="ana@acme.example")


@pytest.fixture
def other(keep: Any) -> Any:
    return LeadFactory(organization=keep.organization, email=OLD)


def merge(keep: Any, other: Any) -> None:
    merge_leads(keep=keep, other=other, actor=SYSTEM, now=timezone.now())


def erase(_keep: Any, other: Any) -> None:
    suppress_erased(organization=other.organization, lead_id=other.pk, addresses=[OLD], at=timezone.now())
    other.delete()


def made_anew(home: Any) -> str:
    try:
        with taking(home.pk, OLD):
            Lead.objects.create(organization=home, email=OLD, email_normalized=OLD)
    except StateRefused as refused:
        return refused.code
    finally:
        connection.close()
    return ""


@pytest.mark.parametrize(("taken_by", "code"), [(merge, "merged_address"), (erase, "erased_person")])
def test_no_second_lead_is_made_of_an_address_that_is_being_taken_away(
    keep: Any, other: Any, taken_by: Any, code: str
) -> None:
    with ThreadPoolExecutor(1) as elsewhere:
        with transaction.atomic():
            taken_by(keep, other)
            answer = elsewhere.submit(made_anew, keep.organization)
            wait_until_somebody_waits_for_us()
        answered = answer.result(timeout=20)

    assert answered == code
    assert list(Lead.objects.all()) == [keep]


def test_a_lead_keeps_the_address_it_has_and_takes_back_its_own_earlier_one(keep: Any, other: Any) -> None:
    merge(keep, other)

    for address in (keep.email, OLD):
        with taking(keep.organization_id, address, lead_id=keep.pk):
            Lead.objects.filter(pk=keep.pk).update(email_normalized=address)

    assert Lead.objects.get().email_normalized == OLD
