import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from campaigns_project.database import migrating
from campaigns_project.database.errors import HistoryRefused
from campaigns_project.database.joining import EARLY, FIRST_SINCE, LAST_JOINED, refuse_half_joined
from campaigns_project.faults import DatabaseFault
from campaigns_project.tests.verification.databases import database, one


@pytest.mark.django_db
def test_a_migration_that_was_not_applied_is_pending():
    MigrationRecorder(connection).record_unapplied("workers", "0001_initial")

    assert "workers.0001_initial" in migrating.pending()


@pytest.mark.django_db
def test_a_hole_before_one_that_was_applied_is_pending_too():
    MigrationRecorder(connection).record_unapplied("auth", "0003_alter_user_email_max_length")

    assert migrating.pending() == ["auth.0003_alter_user_email_max_length"]


@pytest.mark.django_db
def test_migrating_a_complete_database_does_nothing():
    assert migrating.pending() == []
    assert migrating.migrate(verbosity=0) == []


@pytest.mark.django_db
def test_a_database_that_stopped_among_migrations_joined_since_is_refused_before_anything_is_applied():
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied(*FIRST_SINCE)
    for name in {EARLY} | LAST_JOINED - {("leads", "0010_suppressions_by_age")}:
        recorder.record_applied(*name)

    with pytest.raises(HistoryRefused) as refused:
        migrating.migrate(verbosity=0)

    assert refused.value.code == "history_half_joined"
    assert "joined since: leads.0010_suppressions_by_age." in refused.value.message
    assert migrating.pending() == ["campaigns.0002_values_of_mails_are_cleared"]


def test_one_that_the_last_version_of_that_time_has_migrated_is_not_refused():
    refuse_half_joined({EARLY} | LAST_JOINED)


@pytest.mark.django_db
def test_names_of_before_the_joining_are_not_asked_of_a_database_that_is_past_it():
    MigrationRecorder(connection).record_applied(*EARLY)

    migrating.refuse_disorder()

    assert migrating.pending() == []


def test_a_new_database_without_all_letters_is_refused_before_anything_is_made(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), database(encoding="LATIN1") as latin:
        with pytest.raises(DatabaseFault) as refused:
            migrating.migrate(using=latin, verbosity=0)

        assert (refused.value.code, "LATIN1" in refused.value.message) == ("database_encoding", True)
        assert one(latin, "SELECT to_regclass('django_migrations')") is None
