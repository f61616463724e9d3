import pytest
from django.db import connections

from campaigns_project.database.tables import missing_tables, require_tables
from campaigns_project.faults import DatabaseFault, SchemaFault, fault_of
from campaigns_project.tests.verification.databases import database, run


def test_a_migrated_database_lacks_no_table(copy: str):
    assert missing_tables(copy) == []
    assert require_tables(copy) is None


def test_an_empty_database_is_refused_with_the_command_that_fills_it(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), database() as empty, pytest.raises(SchemaFault) as refusal:
        require_tables(empty)

    assert refusal.value.code == "tables_missing"
    assert empty in refusal.value.message
    assert refusal.value.hint == "Run manage.py apply_migrations."


def test_a_table_that_somebody_dropped_is_no_matter_of_migrations(copy: str):
    run(copy, "DROP TABLE lead_enrichments")

    with pytest.raises(SchemaFault) as refusal:
        require_tables(copy)

    assert "lead_enrichments is missing" in refusal.value.message
    assert "verify_schema" in refusal.value.hint


def test_a_database_that_does_not_answer_is_down_and_its_password_stays_unsaid(copy: str):
    nowhere = {"NAME": "sales", "HOST": "127.0.0.1", "PORT": "9", "USER": "ana", "PASSWORD": "hunter2"}
    connections.settings["nowhere"] = {**connections.settings[copy], **nowhere}
    try:
        with pytest.raises(DatabaseFault) as refusal:
            require_tables("nowhere")
    finally:
        del connections["nowhere"], connections.settings["nowhere"]

    assert "host=127.0.0.1 port=9 database=sales user=ana" in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


def test_a_server_that_is_too_old_is_told_as_such_and_not_as_one_that_is_down(copy: str, monkeypatch):
    monkeypatch.setattr(connections[copy].features, "minimum_database_version", (99,))

    with pytest.raises(DatabaseFault) as refusal:
        require_tables(copy)

    assert refusal.value.code == fault_of(refusal.value.__cause__).code == "database_too_old"
    assert "99 or later is required (found " in str(refusal.value)
