import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from campaigns_project.database import migrating

pytestmark = pytest.mark.django_db


def test_a_migration_that_was_not_applied_is_pending():
    MigrationRecorder(connection).record_unapplied("workers", "0001_initial")

    assert "workers.0001_initial" in migrating.pending()


def test_a_hole_before_one_that_was_applied_is_pending_too():
    MigrationRecorder(connection).record_unapplied("auth", "0003_alter_user_email_max_length")

    assert migrating.pending() == ["auth.0003_alter_user_email_max_length"]


def test_migrating_a_complete_database_does_nothing():
    assert migrating.pending() == []
    assert migrating.migrate(verbosity=0) == []
