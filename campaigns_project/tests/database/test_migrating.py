import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from campaigns_project.database import migrating

pytestmark = pytest.mark.django_db


def test_a_migration_that_was_not_applied_is_pending():
    MigrationRecorder(connection).record_unapplied("workers", "0002_duty_runs")

    assert "workers.0002_duty_runs" in migrating.pending()


def test_a_hole_before_one_that_was_applied_is_pending_too():
    MigrationRecorder(connection).record_unapplied("campaigns", "0003_fewer_indexes_on_messages")

    assert migrating.pending() == ["campaigns.0003_fewer_indexes_on_messages"]


def test_migrating_a_complete_database_does_nothing():
    assert migrating.pending() == []
    assert migrating.migrate(verbosity=0) == []
