"""Bring the database to the newest migration, once, however many processes start together."""

from contextlib import closing

from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.migrations.executor import MigrationExecutor

MIGRATE_LOCK = 0x666C6D67  # "flmg"


def pending() -> list[str]:
    """The migrations that the database lacks, as `app.name`, in the order they will run."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def migrate(*, verbosity: int = 1) -> int:
    """Apply what is pending and say how many there were; a second process waits, then finds nothing to do."""
    # The lock is held by a connection of its own, because a migration may close the default one.
    with closing(connections.create_connection(DEFAULT_DB_ALIAS)) as holder, holder.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATE_LOCK])
        waiting = pending()
        if waiting:
            call_command("migrate", interactive=False, verbosity=verbosity)
    return len(waiting)
