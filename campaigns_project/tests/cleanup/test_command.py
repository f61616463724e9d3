"""cleanup_orphans as it is typed: what it prints, and how it ends."""

import json
from contextlib import closing
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DEFAULT_DB_ALIAS, connections

from campaigns_project.audit.models import AuditLog
from campaigns_project.cleanup.models import OrphanReport
from campaigns_project.cleanup.sweep import SWEEP_LOCK
from campaigns_project.tests.cleanup.orphans import gone_campaign, loose_rows, sql
from leads.models import RawLead

pytestmark = pytest.mark.django_db


def run(capsys: Any, *arguments: str) -> tuple[int, str]:
    """The exit code and what went to standard output."""
    code = 0
    try:
        call_command("cleanup_orphans", *arguments)
    except CommandError as error:
        code = error.returncode
    return code, capsys.readouterr().out


def test_a_dry_run_counts_by_table_and_says_how_to_go_on(capsys):
    chains = loose_rows(gone_campaign(), 2)

    code, said = run(capsys, "--dry-run", "-v", "2")

    first = ", ".join(str(raw.pk) for raw, _, _ in chains)
    assert code == 0
    assert f"raw_leads.campaign_id -> campaigns: 2 found (first: {first})" in said
    assert "6 rows without a parent. Nothing was changed; remove them: manage.py cleanup_orphans" in said
    assert RawLead.objects.count() == 2


def test_without_yes_nothing_is_removed(capsys):
    loose_rows(gone_campaign())

    code, _said = run(capsys)

    assert (code, RawLead.objects.count()) == (7, 1)


def test_with_yes_they_are_removed_with_a_report_and_an_audit_row(capsys):
    loose_rows(gone_campaign(), 2)

    code, said = run(capsys, "--yes", "--batch-size", "1")

    report = OrphanReport.objects.get()
    entry = AuditLog.objects.get(action="orphanreport.cleaned")
    assert (code, said.splitlines()[-1]) == (0, "6 rows of 6 without a parent removed or cleared.")
    assert (report.found, report.removed, report.is_dry_run, report.needs_attention) == (6, 6, False, False)
    assert (entry.after["mended"], entry.via) == (6, "cleanup_orphans")
    assert AuditLog.objects.about(report).filter(pk__lt=entry.pk).get().action == "orphanreport.cleaning"


def test_again_there_is_nothing_to_remove_and_nothing_to_confirm(capsys):
    code, said = run(capsys)

    assert (code, said.partition(":")[0]) == (0, "Nothing to remove")


def test_as_json(capsys):
    loose_rows(gone_campaign())

    code, said = run(capsys, "--yes", "--json")

    told = json.loads(said)
    assert (code, told["schema"], told["found"], told["mended"]) == (0, "fairlead.cleanup_orphans/1", 3, 3)
    assert [place["where"] for place in told["places"]] == [
        "lead_enrichments.campaign_id",
        "staged_leads.campaign_id",
        "raw_leads.campaign_id",
    ]


def test_a_missing_table_ends_with_5_and_the_others_are_done(capsys):
    loose_rows(gone_campaign())
    sql("DROP TABLE campaign_usage")

    code, _said = run(capsys, "--yes")

    assert (code, RawLead.objects.count()) == (5, 0)


@pytest.mark.parametrize(
    "arguments", [("--table", "nothing_of_ours"), ("--archive", "/no/such/folder/file.jsonl", "--yes")]
)
def test_what_cannot_be_meant_ends_with_2(capsys, arguments):
    loose_rows(gone_campaign())

    assert run(capsys, *arguments)[0] == 2
    assert RawLead.objects.count() == 1


def test_while_another_runs_it_ends_with_9(capsys):
    with closing(connections.create_connection(DEFAULT_DB_ALIAS)) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [SWEEP_LOCK])

        assert run(capsys, "--dry-run")[0] == 9

        cursor.execute("SELECT pg_advisory_unlock(%s)", [SWEEP_LOCK])


def test_in_a_database_that_only_reads_it_looks_and_removes_nothing(capsys, tmp_path):
    loose_rows(gone_campaign())
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql("SET LOCAL transaction_read_only = on")

    assert run(capsys, "--dry-run")[0] == 0
    assert run(capsys, "--yes", "--archive", str(tmp_path / "rows.jsonl"))[0] == 8
    assert list(tmp_path.iterdir()) == []
