"""Whether the database has the tables this version of the code works with."""

from collections.abc import Iterator
from functools import cache

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from campaigns_project.database.tables import missing_tables
from campaigns_project.runtime.health.check import Check, Level, counted


def examine_migrations() -> Iterator[Check]:
    """Migrations and tables. Two queries, whatever there is."""
    known = _known()
    missing = _not_applied(known)
    if missing:
        message = f"{counted(len(missing), 'migration')} of {len(known)} not applied yet, first {'.'.join(missing[0])}."
        yield Check("migrations", Level.FAIL, message, "Run manage.py apply_migrations.")
        return
    yield Check("migrations", Level.OK, f"Every migration is applied: {len(known)} of {len(known)}.")
    gone = missing_tables()
    if gone:
        message = f"{counted(len(gone), 'table')} missing although their migrations are applied, first {gone[0]}."
        fix = "Run manage.py verify_schema; restore a backup, or let it print the statements that mend it (--fix-sql)."
        yield Check("migrations", Level.FAIL, message, fix)


@cache
def _known() -> tuple[tuple[str, str], ...]:
    """Every migration of the code, in the order they run. Read once: the files of a running process do not change."""
    loader = MigrationLoader(None)
    steps: dict[tuple[str, str], None] = {}
    for leaf in loader.graph.leaf_nodes():
        steps |= dict.fromkeys(loader.graph.forwards_plan(leaf))
    return tuple(steps)


def _not_applied(known: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    if not MigrationRecorder(connection).has_table():
        return list(known)
    applied = set(MigrationRecorder.Migration.objects.using(connection.alias).values_list("app", "name"))
    return [step for step in known if step not in applied]
