"""How a verification goes about it: one snapshot, nothing written, nothing that breaks it."""

import threading
from collections.abc import Iterator

import pytest
from django.db import OperationalError, ProgrammingError, connections

from campaigns_project.tests.verification.databases import database, one, run
from campaigns_project.verification import registry
from campaigns_project.verification.errors import UnknownCheck
from campaigns_project.verification.expected import Source
from campaigns_project.verification.finding import Finding, Severity
from campaigns_project.verification.report import Report
from campaigns_project.verification.shadow import PREFIX
from campaigns_project.verification.verify import check_names, verify


@pytest.fixture
def added() -> Iterator[list[registry.Registered]]:
    """Checks of this test's own: what is appended is run as an app's would be, and forgotten afterwards."""
    before = registry.row_checks()
    yield registry._checks
    registry._checks[:] = before


def seeing(what: str, alias: str, seen: list[object], meanwhile: str = ""):
    """A check that notes what it reads, after somebody else has committed something."""

    def check(cursor):
        if meanwhile:
            other = threading.Thread(target=run, args=(alias, meanwhile))
            other.start()
            other.join()
        cursor.execute(what)
        seen.append(cursor.fetchone()[0])
        return []

    return check


def test_all_checks_see_the_same_moment(copy: str, added: list, django_db_blocker):
    count, seen = "SELECT count(*) FROM django_content_type", []
    write = "INSERT INTO django_content_type (app_label, model) VALUES ('late', 'comer')"
    added.append(registry.Registered("before", seeing(count, copy, seen)))
    added.append(registry.Registered("after", seeing(count, copy, seen, meanwhile=write)))

    verify(using=copy)

    assert seen[0] == seen[1]
    assert one(copy, count) == seen[0] + 1


def test_a_check_cannot_write(copy: str, added: list):
    added.append(registry.Registered("vandal", lambda cursor: cursor.execute("DELETE FROM django_migrations") or []))

    report = verify(using=copy)

    assert [(each.id, each.where) for each in report.findings] == [("check_failed", "vandal")]
    assert "read-only" in report.findings[0].message
    assert one(copy, "SELECT count(*) > 0 FROM django_migrations") is True


def test_a_check_that_breaks_is_a_finding_and_the_next_one_goes_on(copy: str, added: list):
    def broken(cursor):
        yield Finding("half_done", Severity.ERROR, "somewhere", "Seen before it broke.")
        cursor.execute("SELECT nonsense")

    seen: list[object] = []
    added.append(registry.Registered("broken", broken))
    added.append(registry.Registered("next", seeing("SELECT 42", copy, seen)))

    report = verify(using=copy)

    assert report.counts == {"check_failed": 1}
    assert "nonsense" in report.findings[0].message
    assert seen == [42]


def test_errors_stand_before_warnings(copy: str):
    run(copy, "CREATE TABLE nobodys (id int)", "DROP INDEX campaign_name")

    assert [each.severity for each in verify(using=copy).findings] == [Severity.ERROR, Severity.WARNING]


def test_only_what_was_named_is_checked(copy: str):
    told: list[str] = []

    report = verify(using=copy, only=["sequences", "strays"], told=told.append)

    assert report.checks == told == ["sequences", "strays"]
    assert report.expected_fingerprint == ""


def test_without_rows_only_the_schema_is_checked(copy: str, added: list):
    added.append(registry.Registered("of rows", lambda cursor: []))

    assert "of rows" not in verify(using=copy, rows=False).checks
    assert verify(using=copy, only=["rows"]).checks[-1] == "of rows"
    assert "of rows" in check_names()


def test_a_check_that_does_not_exist_is_refused_with_those_that_do(copy: str):
    with pytest.raises(UnknownCheck) as refusal:
        verify(using=copy, only=["everything"])

    assert (refusal.value.code, "sequences" in refusal.value.hint) == ("unknown_check", True)


def test_a_database_that_is_not_there_is_an_error_and_no_finding(copy: str):
    connections.settings["nowhere"] = {**connections.settings[copy], "NAME": "never_made"}
    try:
        with pytest.raises(OperationalError):
            verify(using="nowhere")
    finally:
        del connections.settings["nowhere"]


def test_an_empty_database_says_that_its_migrations_are_missing(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), database() as empty:
        report = verify(using=empty, rows=False)

    assert {"migration_missing", "table_missing"} == set(report.counts)
    assert report.findings[0].fix == "manage.py apply_migrations"


def test_the_shadow_and_the_manifest_expect_the_same_and_the_shadow_leaves_nothing_behind(copy: str):
    shadow, manifest = (verify(using=copy, only=["schema"], source=each) for each in (Source.SHADOW, Source.MANIFEST))

    assert shadow.expected_fingerprint == manifest.expected_fingerprint
    assert shadow.compared_with != manifest.compared_with
    assert [alias for alias in connections if alias.startswith(PREFIX)] == []
    assert connections[copy].execute_wrappers == []


def test_a_report_survives_its_way_through_json(copy: str):
    run(copy, "DROP INDEX campaign_name")
    report = verify(using=copy)

    assert Report.from_json(report.as_json()) == report


def test_a_role_that_may_only_read_can_verify(copy: str):
    run(
        copy,
        "CREATE ROLE drift_reader LOGIN",
        "GRANT USAGE ON SCHEMA public TO drift_reader",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO drift_reader",
        "GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO drift_reader",
    )
    connections.settings["reader"] = {**connections.settings[copy], "USER": "drift_reader"}
    try:
        report = verify(using="reader")
        with pytest.raises(ProgrammingError):
            run("reader", "DELETE FROM django_migrations")
    finally:
        connections["reader"].close()
        del connections["reader"], connections.settings["reader"]
        run(copy, "DROP OWNED BY drift_reader", "DROP ROLE drift_reader")

    assert report.findings == []
