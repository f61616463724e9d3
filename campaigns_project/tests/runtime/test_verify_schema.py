"""The command; what it finds is tested in `tests/verification`."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from campaigns_project.tests.verification.databases import run
from campaigns_project.verification import kept
from campaigns_project.verification.models import VerificationReport
from campaigns_project.verification.verify import verify


def checked(alias: str, *options: str) -> tuple[int, str]:
    """Exit code and standard output of the command."""
    output = StringIO()
    try:
        call_command("verify_schema", "--database", alias, *options, stdout=output)
    except CommandError as error:
        return error.returncode, output.getvalue()
    return 0, output.getvalue()


def test_a_clean_database_exits_0_and_says_what_it_was_compared_with(copy: str):
    code, output = checked(copy)

    assert code == 0
    assert f"database={copy}" in output
    assert "as it should be" in output
    assert output.endswith("Nothing is wrong.\n")


def test_drift_exits_6_and_each_finding_says_what_to_do(copy: str):
    run(copy, "DROP INDEX campaign_name", "CREATE TABLE nobodys (id int)")

    code, output = checked(copy)

    assert code == 6
    assert "✗ index_missing  campaigns.campaign_name" in output
    assert 'statement    CREATE INDEX CONCURRENTLY "campaign_name"' in output
    assert "⚠ table_unexpected  nobodys" in output
    assert output.endswith("1 error, 1 warning.\n")


def test_warnings_alone_exit_0(copy: str):
    run(copy, "CREATE TABLE nobodys (id int)")

    assert checked(copy)[0] == 0


def test_json_is_one_object_with_every_finding(copy: str):
    run(copy, "DROP INDEX campaign_name")

    code, output = checked(copy, "--json")

    answer = json.loads(output)
    assert (code, answer["schema"], answer["clean"]) == (6, "fairlead.verify_schema/1", False)
    assert [finding["id"] for finding in answer["findings"]] == ["index_missing"]


def test_fix_sql_prints_a_script_that_runs_and_changes_nothing_itself(copy: str):
    run(copy, "ALTER TABLE leads DROP CONSTRAINT lead_status_known", "CREATE INDEX slow ON leads (updated_at)")

    first, script = checked(copy, "--fix-sql")
    again, _ = checked(copy, "--fix-sql")
    run(copy, script)

    assert (first, again) == (6, 6)
    assert "-- check_missing: leads.lead_status_known" in script
    assert "-- DROP INDEX" in script
    assert verify(using=copy).counts == {"index_unexpected": 1}


def test_the_script_mends_rows_before_it_makes_what_they_would_keep_from_being_made(copy: str):
    run(
        copy,
        "ALTER TABLE lead_tags DROP CONSTRAINT lead_tags_tag_id_231439bf_fk_tags_id",
        "SET session_replication_role = replica; INSERT INTO lead_tags (lead_id, tag_id) VALUES (1, 1)",
    )
    _, said = checked(copy)

    _, script = checked(copy, "--fix-sql")
    run(copy, script)

    assert "The row of tags they point at is gone, which a foreign key is there to prevent." in said
    assert verify(using=copy).counts == {}


def test_the_script_adds_a_column_without_a_default_to_a_table_with_rows(copy: str):
    run(
        copy,
        "INSERT INTO duty_runs (name, every_seconds, ran_at, took_seconds, error) VALUES ('look', 1, now(), 1, '')",
        "ALTER TABLE duty_runs DROP COLUMN took_seconds",
    )

    _, script = checked(copy, "--fix-sql")
    run(copy, script)
    after = verify(using=copy).counts
    run(copy, "UPDATE duty_runs SET took_seconds = 1", script.rpartition("then:\n-- ")[2])

    assert (after, verify(using=copy).counts) == ({"column_null": 1}, {})


def test_a_check_that_does_not_exist_exits_2(copy: str):
    assert checked(copy, "--only", "everything")[0] == 2


@pytest.mark.django_db
def test_nothing_is_written_unless_it_is_told_to_keep_the_result():
    checked("default", "--only", "sequences")
    assert kept.last_report() is None

    checked("default", "--only", "sequences", "--keep")

    assert kept.last_report().checks == ["sequences"]


@pytest.mark.django_db
def test_only_the_newest_reports_are_kept():
    report = verify(only=["sequences"])

    for _ in range(kept.KEPT + 3):
        kept.keep(report)

    assert VerificationReport.objects.count() == kept.KEPT
    assert kept.last_report() == report
