"""Migrations: nothing left unmade, and each can be taken back and applied again with data in the tables."""

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from knox.models import AuthToken
from pytest_django import DjangoDbBlocker

from campaigns_project.tests.processes import database_url, environment
from campaigns_project.tests.verification.databases import database, migrate, one
from campaigns_project.verification.verify import verify

# In the order in which they can be undone.
OURS = (
    "tracking", "campaigns", "leads", "webhooks", "idempotency", "cleanup", "audit", "workers", "verification",
    "accounts",
)  # fmt: skip


def test_no_model_has_changed_without_a_migration(db):
    call_command("makemigrations", check=True, dry_run=True, stdout=io.StringIO())


def test_no_app_has_two_heads(db):
    loader = MigrationLoader(connection)

    assert loader.detect_conflicts() == {}
    assert set(OURS) <= loader.migrated_apps


@pytest.fixture
def full(migrated: str, django_db_blocker: DjangoDbBlocker, tmp_path: Path) -> Iterator[str]:
    """A migrated database with the demo's data in it."""
    with django_db_blocker.unblock(), database(migrated) as name:
        seed_demo(name, tmp_path)
        yield name


@pytest.mark.long
def test_every_migration_of_ours_can_be_reversed_and_applied_again_with_data_present(full: str):
    names = {app: sorted(name for owner, name in MigrationLoader(None).disk_migrations if owner == app) for app in OURS}

    take_back(full, {app: found[-2] for app, found in names.items() if len(found) > 1})  # the newest of each app
    assert one(full, "SELECT count(*) > 0 FROM leads")
    migrate(full)
    AuthToken.objects.using(full).all().delete()  # what is knox's own makes a column shorter than what stands in it
    take_back(full, dict.fromkeys(OURS))
    assert one(full, "SELECT to_regclass('leads') IS NULL AND to_regclass('organizations') IS NULL")
    migrate(full)

    assert one(full, "SELECT count(*) FROM leads") + one(full, "SELECT count(*) FROM users") == 0
    assert verify(using=full).findings == []


def take_back(alias: str, targets: dict[str, str | None]) -> None:
    """What is newer than these, and all of an app where there is None; as the executor does it.

    But for the models of the states that follow each of them: to carry those along takes it longer than the rest.
    """
    for target in targets.items():
        executor = MigrationExecutor(connections[alias])  # it reads what is applied when it is made
        for migration in _backwards(executor, target):
            executor.unapply_migration(_state_before(executor, migration), migration)
            del executor.loader.applied_migrations[migration.app_label, migration.name]
    connections[alias].close()


def _backwards(executor: MigrationExecutor, target: tuple[str, str | None]) -> list[Migration]:
    """What is to be taken back for it. Nothing where it was taken back itself, with what another one stood on."""
    return [migration for migration, is_backwards in executor.migration_plan([target]) if is_backwards]


def _state_before(executor: MigrationExecutor, migration: Migration) -> ProjectState:
    """The models as all that is applied has made them, as far as it comes before this one."""
    loader = executor.loader
    state = ProjectState(real_apps=loader.unmigrated_apps)
    for earlier, _ in executor.migration_plan(loader.graph.leaf_nodes(), clean_start=True):
        if earlier == migration:
            break
        if (earlier.app_label, earlier.name) in loader.applied_migrations:
            earlier.mutate_state(state, preserve=False)
    return state


def seed_demo(name: str, folder: Path) -> str:
    """The data of the demo, by its command; what that said."""
    address = database_url().rpartition("/")[0] + f"/{name}"
    done = subprocess.run(
        [sys.executable, "manage.py", "seed_demo"],
        cwd=settings.BASE_DIR, env=environment(DATABASE_URL=address, VAR_DIR=str(folder)),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
