import pytest
from django.db import Error, connections

from campaigns_project.database.errors import DatabaseDown, SchemaIncomplete
from campaigns_project.database.tables import missing_tables, require_tables
from campaigns_project.database.trouble import explained
from campaigns_project.tests.verification.databases import database, run


def refusal_of(alias: str, statement: str):
    """What an error of this statement is explained as."""
    with pytest.raises(Error) as caught:
        run(alias, statement)
    connections[alias].close()
    return explained(caught.value, alias)


def test_a_migrated_database_lacks_no_table(copy: str):
    assert missing_tables(copy) == []
    assert require_tables(copy) is None


def test_an_empty_database_is_refused_with_the_command_that_fills_it(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), database() as empty, pytest.raises(SchemaIncomplete) as refusal:
        require_tables(empty)

    assert refusal.value.code == "tables_missing"
    assert empty in refusal.value.message
    assert refusal.value.hint == "Run manage.py apply_migrations."


def test_a_table_that_somebody_dropped_is_no_matter_of_migrations(copy: str):
    run(copy, "DROP TABLE lead_enrichments")

    with pytest.raises(SchemaIncomplete) as refusal:
        require_tables(copy)

    assert "lead_enrichments is missing" in refusal.value.message
    assert "verify_schema" in refusal.value.hint


def test_a_database_that_does_not_answer_is_down_and_its_password_stays_unsaid(copy: str):
    nowhere = {"NAME": "sales", "HOST": "127.0.0.1", "PORT": "9", "USER": "ana", "PASSWORD": "hunter2"}
    connections.settings["nowhere"] = {**connections.settings[copy], **nowhere}
    try:
        with pytest.raises(DatabaseDown) as refusal:
            require_tables("nowhere")
    finally:
        del connections["nowhere"], connections.settings["nowhere"]

    assert "host=127.0.0.1 port=9 database=sales user=ana" in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


def test_a_write_to_a_read_only_database_says_so(copy: str):
    run(copy, f'ALTER DATABASE "{copy}" SET default_transaction_read_only = on')

    refused = refusal_of(copy, "DELETE FROM django_migrations")

    assert (type(refused), refused.code) == (DatabaseDown, "database_read_only")
    assert "Nothing was changed" in refused.message


@pytest.mark.parametrize("statement", ["SELECT * FROM never_made", "SELECT never_made FROM campaigns"])
def test_what_is_not_there_says_what_to_run(copy: str, statement: str):
    refused = refusal_of(copy, statement)

    assert (type(refused), refused.code) == (SchemaIncomplete, "schema_incomplete")
    assert "never_made" in refused.message


def test_a_server_that_sends_us_away_is_down(copy: str):
    refused = refusal_of(copy, "SELECT pg_terminate_backend(pg_backend_pid())")

    assert (type(refused), refused.code) == (DatabaseDown, "database_unreachable")


def test_a_fault_of_ours_is_not_explained_away(copy: str):
    assert refusal_of(copy, "SELECT 1 / 0") is None
