"""Looks and cleanups that somebody asked for: a worker does them, and they are on record before a row is gone."""

from contextlib import closing
from datetime import UTC, datetime

import pytest
from django.db import DEFAULT_DB_ALIAS, connections
from django_q.models import OrmQ

from campaigns_project.audit.actors import Actor, ActorKind
from campaigns_project.audit.models import AuditLog
from campaigns_project.cleanup.archive import Archive
from campaigns_project.cleanup.asked import ask_for_cleaning, ask_for_look, clean
from campaigns_project.cleanup.models import OrphanReport
from campaigns_project.cleanup.sweep import SWEEP_LOCK
from campaigns_project.cleanup.tasks import look_for_orphans, remove_orphans
from campaigns_project.tests.cleanup.orphans import gone_campaign, loose_rows
from leads.models import LeadEnrichment, RawLead

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
EVE = Actor(kind=ActorKind.USER, name="eve@staff.example", id=4, via="admin", request_id="r1", ip_address="10.0.0.1")


class KilledAtTheSecondBatch(Archive):
    """Stands for a process that ends in the middle."""

    batches = 0

    def keep(self, *of_batch):
        self.batches += 1
        if self.batches == 2:
            raise KeyboardInterrupt
        super().keep(*of_batch)


def test_rows_removed_by_a_cleanup_that_was_killed_are_on_record(tmp_path):
    loose_rows(gone_campaign(), 2)

    with KilledAtTheSecondBatch(tmp_path / "rows") as archive, pytest.raises(KeyboardInterrupt):
        clean(actor=EVE, now=NOW, batch_size=1, archive=archive)

    report = OrphanReport.objects.get()
    assert (LeadEnrichment.objects.count(), report.finished_at) == (1, None)
    assert AuditLog.objects.about(report).values_list("action", "actor_name").get() == (
        "orphanreport.cleaning",
        "eve@staff.example",
    )


@pytest.mark.parametrize("ask", [ask_for_look, ask_for_cleaning])
def test_what_a_page_asks_for_is_queued_and_nothing_is_done_yet(ask, django_capture_on_commit_callbacks):
    loose_rows(gone_campaign())

    with django_capture_on_commit_callbacks(execute=True):
        report = ask(actor=EVE, now=NOW)

    assert [queued.task["args"] for queued in OrmQ.objects.all()] == [(report.pk,)]
    assert (RawLead.objects.count(), report.finished_at) == (1, None)


def test_a_worker_removes_in_the_name_of_who_asked_and_only_once():
    loose_rows(gone_campaign(), 2)
    report = ask_for_cleaning(actor=EVE, now=NOW)

    said = [remove_orphans(report.pk), remove_orphans(report.pk)]

    begun, ended = AuditLog.objects.about(report).order_by("pk")
    assert said == ["6 rows without a parent, all mended."] * 2
    assert (RawLead.objects.count(), ended.after["mended"]) == (0, 6)
    assert [begun.action, ended.action] == ["orphanreport.cleaning", "orphanreport.cleaned"]
    kept = ("actor_kind", "actor_id", "actor_name", "via", "request_id", "ip_address")
    assert [getattr(ended, name) for name in kept] == [getattr(begun, name) for name in kept]


@pytest.mark.parametrize(("ask", "task"), [(ask_for_look, look_for_orphans), (ask_for_cleaning, remove_orphans)])
def test_one_that_meets_another_cleanup_ends_and_says_so(ask, task):
    report = ask(actor=EVE, now=NOW)
    with closing(connections.create_connection(DEFAULT_DB_ALIAS)) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [SWEEP_LOCK])

        task(report.pk)

        cursor.execute("SELECT pg_advisory_unlock(%s)", [SWEEP_LOCK])

    report.refresh_from_db()
    assert report.finished_at is not None
    assert report.problems == ["Another cleanup is under way. Wait until it has ended."]
