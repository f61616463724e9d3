from collections.abc import Callable
from typing import Any

import pytest

from campaigns.tests.factories import LeadAliasFactory, LeadFactory, ProviderPurchaseFactory
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.errors import Refused
from leads.imports import providing
from leads.imports.canceling import cancel_import
from leads.imports.options import ImportOptions
from leads.imports.providing import close_import, open_import, promote, receive_records, stage
from leads.imports.rules import RowError
from leads.imports.running import take_stalled
from leads.models import ImportSource, Lead, LeadChange, LeadImport, ProviderPurchase, RawLead, StagedLead, Suppression
from leads.suppression import hash_of
from leads.tests.imports.conftest import NOON

Opened = Callable[..., LeadImport]


@pytest.fixture
def opened(organization: Organization) -> Opened:
    def make(**options: Any) -> LeadImport:
        return open_import(
            organization=organization,
            source=ImportSource.APOLLO,
            name="Apollo search",
            options=ImportOptions(**options),
            now=NOON,
        )

    return make


def person(number: int, **more: Any) -> tuple[str, dict[str, Any]]:
    return f"id-{number}", {"mail": f"p{number}@acme.example", "name": f"P{number} Builder", **more}


def mapped(record: dict[str, Any]) -> dict[str, Any]:
    if "mail" not in record:
        raise RowError("missing_email", "email", "Apollo has no address of this person.")
    return {"email": record["mail"], "full_name": record["name"], **record.get("more", {})}


def everything(lead_import: LeadImport, records: Any) -> LeadImport:
    receive_records(lead_import_id=lead_import.pk, records=records, campaign_id=7)
    stage(lead_import_id=lead_import.pk, mapper=mapped)
    promote(lead_import_id=lead_import.pk)
    close_import(lead_import_id=lead_import.pk)
    lead_import.refresh_from_db()
    return lead_import


def test_records_go_through_raw_and_staged_to_leads(opened: Opened):
    done = everything(
        opened(tags=("new",)),
        [
            person(1, more={"verification": "verified", "is_catch_all": True, "custom.score": 5}),
            ("id-2", {"name": "Nobody"}),
            person(3, mail="P1@acme.example"),
        ],
    )

    lead = Lead.objects.get()
    assert (lead.email, lead.first_name, lead.last_name) == ("p1@acme.example", "P1", "Builder")
    assert (lead.verification, lead.is_catch_all, lead.custom) == ("verified", True, {"score": "5"})
    assert list(lead.lead_tags.values_list("tag__name", flat=True)) == ["new"]
    assert list(RawLead.objects.order_by("row_number").values_list("row_number", "external_id", "campaign_id")) == [
        (1, "id-1", 7),
        (2, "id-2", 7),
        (3, "id-3", 7),
    ]
    assert list(
        StagedLead.objects.order_by("row_number").values_list("status", "problem_code", "lead", "campaign_id")
    ) == [
        ("promoted", "", lead.pk, 7),
        ("problem", "missing_email", None, 7),
        ("problem", "duplicate_in_file", None, 7),
    ]
    assert (done.status, done.total_rows, done.rows_done, done.created_count, done.problem_count) == (
        "succeeded",
        3,
        3,
        1,
        2,
    )


def test_each_step_done_again_does_nothing(opened: Opened, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(providing, "BATCH", 2)
    lead_import = opened()
    records = [person(number) for number in range(5)]

    received = [receive_records(lead_import_id=lead_import.pk, records=records) for _ in range(2)]
    staged = [stage(lead_import_id=lead_import.pk, mapper=mapped) for _ in range(2)]
    promoted = [promote(lead_import_id=lead_import.pk) for _ in range(2)]

    assert (received, staged, promoted) == ([5, 0], [5, 0], [5, 0])
    assert Lead.objects.count() == 5


def test_pages_may_be_received_staged_and_promoted_in_turn(opened: Opened):
    lead_import = opened()

    for page in ([person(1), person(2)], [person(2), person(3), person(4, mail="p1@acme.example")]):
        receive_records(lead_import_id=lead_import.pk, records=page)
        stage(lead_import_id=lead_import.pk, mapper=mapped)
        promote(lead_import_id=lead_import.pk)

    assert Lead.objects.count() == 3
    assert StagedLead.objects.get(status="problem").problem_message.endswith("is in row 1 already; that row counts.")


def test_what_was_filled_in_before_promoting_is_taken(opened: Opened):
    lead_import = opened()
    receive_records(lead_import_id=lead_import.pk, records=[person(1), person(2)])
    stage(lead_import_id=lead_import.pk, mapper=mapped)
    good, bad = StagedLead.objects.order_by("row_number")
    StagedLead.objects.filter(pk=good.pk).update(fields={**good.fields, "title": "CEO", "custom.icebreaker": "Hi"})
    StagedLead.objects.filter(pk=bad.pk).update(fields={**bad.fields, "title": "x" * 300})

    promote(lead_import_id=lead_import.pk)

    assert Lead.objects.values_list("title", "custom").get() == ("CEO", {"icebreaker": "Hi"})
    bad.refresh_from_db()
    assert (bad.status, bad.problem_code, bad.problem_column) == ("problem", "too_long", "title")


def test_known_lead_is_filled_and_its_history_names_the_provider(opened: Opened, organization: Organization):
    lead = LeadFactory(organization=organization, email="p1@acme.example", first_name="", last_name="Keep")
    LeadAliasFactory(lead=lead, organization=organization, email_normalized="p2@acme.example")

    done = everything(opened(), [person(2, more={"verification": "likely"}), person(1)])

    change = LeadChange.objects.get()
    assert (change.source, change.lead, change.changes) == (
        "provider",
        lead,
        {"first_name": ["", "P2"], "verification": ["unknown", "likely"]},
    )
    assert (done.updated_count, done.problem_codes) == (1, {"duplicate_in_file": 1})


def test_nothing_of_an_erased_person_is_kept(opened: Opened, organization: Organization):
    def erase(address: str) -> None:
        digest = hash_of(organization.pk, address)
        Suppression.objects.create(organization=organization, address="", address_hash=digest, reason="erased")

    lead_import = opened()
    for number, payload in map(person, (1, 2)):
        ProviderPurchaseFactory(
            organization=organization, external_id=number, status="found", payload=payload, credits=1
        )
    erase("p1@acme.example")
    receive_records(lead_import_id=lead_import.pk, records=[person(1), person(2)])
    stage(lead_import_id=lead_import.pk, mapper=mapped)
    erase("p2@acme.example")
    promote(lead_import_id=lead_import.pk)

    assert not Lead.objects.exists()
    assert list(RawLead.objects.values_list("payload", "external_id")) == [({}, "")] * 2
    assert list(ProviderPurchase.objects.values_list("status", "payload", "credits")) == [("erased", None, 1)] * 2
    assert (
        list(StagedLead.objects.values_list("problem_code", "email_normalized", "fields"))
        == [("erased_person", "", {})] * 2
    )


def test_import_that_was_canceled_takes_no_more(opened: Opened):
    lead_import = opened()
    receive_records(lead_import_id=lead_import.pk, records=[person(1)])
    cancel_import(lead_import=lead_import, actor=SYSTEM)

    for step in (
        lambda: receive_records(lead_import_id=lead_import.pk, records=[person(2)]),
        lambda: stage(lead_import_id=lead_import.pk, mapper=mapped),
        lambda: promote(lead_import_id=lead_import.pk),
    ):
        with pytest.raises(Refused) as refused:
            step()
        assert refused.value.code == "import_not_runnable"


def test_nobody_takes_it_for_a_file_whose_worker_died(opened: Opened):
    opened()
    LeadImport.objects.update(heartbeat_at=NOON.replace(year=2000))

    assert take_stalled() == []


def test_import_that_failed_says_why(opened: Opened):
    lead_import = opened()

    assert close_import(lead_import_id=lead_import.pk, error_message="Apollo refused the key.")
    assert not close_import(lead_import_id=lead_import.pk)

    lead_import.refresh_from_db()
    assert (lead_import.status, lead_import.error_message) == ("failed", "Apollo refused the key.")


def test_field_that_a_lead_does_not_have_is_a_fault_of_the_mapper(opened: Opened):
    lead_import = opened()
    receive_records(lead_import_id=lead_import.pk, records=[person(1, more={"shoe_size": 44})])

    with pytest.raises(ValueError, match="shoe_size"):
        stage(lead_import_id=lead_import.pk, mapper=mapped)


def test_staged_under_a_merged_lead_that_goes_before_promoting_is_themselves(
    opened: Opened, organization: Organization
):
    keep = LeadFactory(organization=organization, email="k@acme.example")
    LeadAliasFactory(lead=keep, email_normalized="p1@acme.example")
    lead_import = opened()
    receive_records(lead_import_id=lead_import.pk, records=[person(1)])
    stage(lead_import_id=lead_import.pk, mapper=mapped)
    keep.delete()

    promote(lead_import_id=lead_import.pk)

    assert Lead.objects.values_list("email", "email_normalized").get() == ("p1@acme.example", "p1@acme.example")
    assert StagedLead.objects.get().email_normalized == "p1@acme.example"
