"""Bring the database to the newest migration, once, however many processes start together."""

from collections.abc import Callable
from contextlib import closing

from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.exceptions import InconsistentMigrationHistory
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from campaigns_project.database.encoding import refuse_other_encodings
from campaigns_project.database.errors import HistoryRefused
from campaigns_project.database.joining import refuse_half_joined

MIGRATE_LOCK = 0x666C6D67  # "flmg"


def pending(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """The migrations that the database lacks, as `app.name`, in the order they will run."""
    executor = MigrationExecutor(connections[using])
    applied = executor.loader.applied_migrations
    # The plan from scratch: the one from where we are asks for the last of each app alone, and sees no hole before it.
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
    keys = [(migration.app_label, migration.name) for migration, _backwards in plan]
    return [f"{app}.{name}" for app, name in keys if (app, name) not in applied]


def refuse_disorder(using: str = DEFAULT_DB_ALIAS) -> None:
    """Raise HistoryRefused where an app has several heads, one was applied before what it stands on, or the database
    stopped among migrations that were joined since."""
    connection = connections[using]
    loader = MigrationExecutor(connection).loader
    heads = loader.detect_conflicts()
    if heads:
        named = "; ".join(f"{app}: {', '.join(sorted(names))}" for app, names in sorted(heads.items()))
        raise HistoryRefused(
            "several_heads",
            f"Several migrations are the last one of their app ({named}), so their order is not known.",
            "Merge them: manage.py makemigrations --merge. Nothing was applied.",
        )
    refuse_half_joined(set(loader.applied_migrations))
    try:
        loader.check_consistent_history(connection)
    except InconsistentMigrationHistory as error:
        hint = "Nothing was applied. manage.py verify_schema compares what is there with what should be."
        raise HistoryRefused("history_inconsistent", str(error), hint) from error


def migrate(
    *, using: str = DEFAULT_DB_ALIAS, verbosity: int = 1, on_wait: Callable[[], None] = lambda: None
) -> list[str]:
    """Apply what is pending and name it; a second process waits (after `on_wait`), then finds nothing to do.

    Raises HistoryRefused, or DatabaseFault for a new database with another encoding, before anything was changed. A
    migration that fails leaves nothing of itself behind, and those before it applied.
    """
    # The lock is held by a connection of its own, because a migration may close the default one; and by a transaction,
    # which a proxy that pools them leaves alone.
    with closing(connections.create_connection(using)) as holder, holder.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [MIGRATE_LOCK])
        if not cursor.fetchone()[0]:
            on_wait()
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MIGRATE_LOCK])
        refuse_disorder(using)
        waiting = pending(using)
        if waiting and _is_new(using):
            refuse_other_encodings(using)
        if waiting:
            call_command("migrate", database=using, interactive=False, verbosity=verbosity)
    return waiting


def _is_new(using: str) -> bool:
    return not MigrationRecorder(connections[using]).applied_migrations()
