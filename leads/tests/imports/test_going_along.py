"""Rows that came in go with what they came from, by triggers: no constraint is asked for each of a million rows."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction

from campaigns.tests.factories import LeadEnrichmentFactory, LeadFactory, LeadImportFactory
from campaigns_project.tests.sessions import one_behind_the_other
from leads.imports.providing import promote, receive_records, stage
from leads.models import ImportSource, ImportStatus, Lead, LeadEnrichment, LeadImport, RawLead, StagedLead

Files = Callable[..., LeadImport]
PEOPLE = "email\nana@acme.example\nbad\nbob@acme.example\n"
MANY_ROWS = """
WITH raw AS (
    INSERT INTO raw_leads (lead_import_id, row_number, payload)
    SELECT %s, number, '[]' FROM generate_series(1000, 20999) AS number RETURNING id, row_number
)
INSERT INTO staged_leads (raw_lead_id, lead_import_id, row_number) SELECT id, %s, row_number FROM raw
"""
ROWS_READ = """
SELECT sum(seq_tup_read) FROM pg_stat_xact_user_tables WHERE relname IN ('raw_leads', 'staged_leads')
"""


def run(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def counts() -> dict[str, int]:
    return {model.__name__: model.objects.count() for model in (RawLead, StagedLead, LeadEnrichment)}


def test_what_an_import_brought_goes_with_it_and_its_leads_stay(imported: Files):
    gone, stays = imported(PEOPLE), imported(PEOPLE)
    for each in (gone, stays):
        LeadEnrichmentFactory(staged_lead=StagedLead.objects.filter(lead_import=each).first())

    run("DELETE FROM lead_imports WHERE id = %s", gone.pk)

    assert counts() == {"RawLead": 3, "StagedLead": 3, "LeadEnrichment": 1}
    assert set(RawLead.objects.values_list("lead_import", flat=True)) == {stays.pk}
    assert Lead.objects.count() == 2


def test_a_staged_row_goes_with_the_row_as_received(imported: Files):
    came = imported(PEOPLE)

    run("DELETE FROM raw_leads WHERE lead_import_id = %s AND row_number = 2", came.pk)

    assert sorted(StagedLead.objects.values_list("row_number", flat=True)) == [3, 4]


def test_a_lead_forgets_the_import_that_goes_and_a_staged_row_the_lead(imported: Files):
    gone, stays = imported(PEOPLE), imported("email\ncarl@acme.example\n")

    run("DELETE FROM lead_imports WHERE id = %s", gone.pk)
    run("DELETE FROM leads WHERE email = 'carl@acme.example' OR email = 'ana@acme.example'")

    assert list(Lead.objects.values_list("email", "lead_import")) == [("bob@acme.example", None)]
    assert list(StagedLead.objects.values_list("lead_import", "status", "lead")) == [(stays.pk, "promoted", None)]


@pytest.mark.django_db
def test_a_lead_of_an_import_that_is_not_there_is_refused():
    lead = LeadFactory()

    with pytest.raises(IntegrityError, match="There is no row 404 in lead_imports"), transaction.atomic():
        LeadFactory(organization=lead.organization, lead_import_id=404)
    with pytest.raises(IntegrityError, match="There is no row 404 in lead_imports"), transaction.atomic():
        Lead.objects.filter(pk=lead.pk).update(lead_import_id=404)


def test_a_session_that_knew_the_tables_small_does_not_read_them_whole_when_they_have_grown(imported: Files):
    run("DELETE FROM lead_imports WHERE id = %s", imported(PEOPLE).pk)
    small, large = imported(PEOPLE), imported(PEOPLE)
    run(MANY_ROWS, large.pk, large.pk)
    before = rows_read_in_order()

    run("DELETE FROM lead_imports WHERE id = %s", small.pk)

    assert rows_read_in_order() - before < 1_000
    assert RawLead.objects.count() == StagedLead.objects.count() == 20_003


def rows_read_in_order() -> int:
    """How many rows of what came in this transaction has read without an index."""
    with connection.cursor() as cursor:
        cursor.execute(ROWS_READ)
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table, key", [("raw_leads", "lead_import_id"), ("lead_imports", "id")])
def test_rows_deleted_while_they_are_staged_take_along_what_is_staged_of_them(table: str, key: str):
    lead_import = LeadImportFactory(source=ImportSource.APOLLO, status=ImportStatus.RUNNING)
    receive_records(lead_import_id=lead_import.pk, records=[("id-1", {"email": "a@acme.example"})], campaign_id=None)

    one_behind_the_other(
        lambda: stage(lead_import_id=lead_import.pk, mapper=lambda record: record),
        lambda: run(f"DELETE FROM {table} WHERE {key} = %s", lead_import.pk),
    )

    assert counts() == {"RawLead": 0, "StagedLead": 0, "LeadEnrichment": 0}


@pytest.mark.django_db(transaction=True)
def test_a_lead_deleted_while_a_row_becomes_it_is_forgotten_by_the_row():
    options = {"on_existing": "fill", "tag_ids": []}
    lead_import = LeadImportFactory(source=ImportSource.APOLLO, status=ImportStatus.RUNNING, options=options)
    receive_records(lead_import_id=lead_import.pk, records=[("id-1", {"email": "a@acme.example"})], campaign_id=None)
    stage(lead_import_id=lead_import.pk, mapper=lambda record: record)
    lead = LeadFactory(organization=lead_import.organization, email="a@acme.example")

    one_behind_the_other(
        lambda: promote(lead_import_id=lead_import.pk), lambda: run("DELETE FROM leads WHERE id = %s", lead.pk)
    )

    assert list(StagedLead.objects.values_list("status", "lead")) == [("promoted", None)]
