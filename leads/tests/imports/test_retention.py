from collections.abc import Callable
from datetime import timedelta

import pytest
from django_q.models import OrmQ

from campaigns.tests.factories import LeadEnrichmentFactory
from leads.imports import retention
from leads.imports.retention import remove_old_rows
from leads.imports.tasks import queue_removal, remove_old_rows_task
from leads.models import Lead, LeadEnrichment, LeadImport, LeadImportPart, RawLead, StagedLead
from leads.tests.imports.conftest import NOON

Files = Callable[..., LeadImport]
PEOPLE = "email\nana@acme.example\nbad\nbob@acme.example\n"


def test_rows_of_an_import_go_a_month_after_its_end_and_its_counts_stay(imported: Files):
    old, young = imported(PEOPLE), imported(PEOPLE)
    LeadEnrichmentFactory(staged_lead=StagedLead.objects.filter(lead_import=old).first())
    LeadImport.objects.update(finished_at=NOON - timedelta(days=29), dry_run={"samples": ["ana@acme.example"]})
    LeadImport.objects.filter(pk=old.pk).update(finished_at=NOON - timedelta(days=31))

    removed = [remove_old_rows(now=NOON) for _ in range(2)]

    old.refresh_from_db()
    assert removed == [3, 0]
    assert set(RawLead.objects.values_list("lead_import", flat=True)) == {young.pk}
    assert set(StagedLead.objects.values_list("lead_import", flat=True)) == {young.pk}
    assert not LeadEnrichment.objects.exists()
    assert (old.rows_removed_at, old.dry_run, old.problem_codes) == (NOON, {}, {"invalid_email": 1})
    assert Lead.objects.count() == 2


def test_what_one_turn_does_not_reach_is_done_the_next(imported: Files, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(retention, "_BATCH", 1)
    imported(PEOPLE)
    LeadImport.objects.update(finished_at=NOON - timedelta(days=31))

    assert [remove_old_rows(now=NOON, most=2) for _ in range(3)] == [2, 1, 0]
    assert LeadImport.objects.get().rows_removed_at == NOON


def test_draft_nobody_committed_is_thrown_away(received: Files):
    old = received(PEOPLE)
    LeadImport.objects.update(status="draft", created_at=NOON - timedelta(days=31))

    remove_old_rows(now=NOON)

    old.refresh_from_db()
    assert old.status == "canceled"
    assert not LeadImportPart.objects.exists()


def test_nothing_is_queued_where_nothing_is_due(imported: Files):
    imported(PEOPLE)
    fresh = queue_removal(now=NOON)
    LeadImport.objects.update(finished_at=NOON - timedelta(days=31))

    assert (fresh, queue_removal(now=NOON)) == (False, True)
    assert [task.task["func"] for task in OrmQ.objects.all()] == ["leads.imports.tasks.remove_old_rows_task"]
    assert remove_old_rows_task() == 3
