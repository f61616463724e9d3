"""Migrations: nothing left unmade, and each can be taken back and applied again with data in the tables."""

import io
import json
import subprocess
import sys
import uuid

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from campaigns_project.tests.processes import database_url, environment

# In the order in which they can be undone.
OURS = ("tracking", "campaigns", "leads", "cleanup", "audit", "workers", "verification", "accounts")

# In one process: every start of Python costs more than the migrations do.
BACK_AND_FORTH = """
import json, sys
import django
from django.core.management import call_command
django.setup()
for app, names in json.loads(sys.argv[1]).items():
    for previous in [*reversed(names[:-1]), "zero"]:
        call_command("migrate", app, previous, verbosity=0)
        if previous in names[-2:]:  # the newest, while the data is still there
            call_command("migrate", verbosity=0)
    call_command("migrate", verbosity=0)
"""


def test_no_model_has_changed_without_a_migration(db):
    call_command("makemigrations", check=True, dry_run=True, stdout=io.StringIO())


def test_no_app_has_two_heads(db):
    loader = MigrationLoader(connection)

    assert loader.detect_conflicts() == {}
    assert set(OURS) <= loader.migrated_apps


@pytest.fixture
def fresh_database(transactional_db):
    """An empty database of its own; gives its name."""
    name = f"migrations_{uuid.uuid4().hex[:12]}"
    where = {key: connection.settings_dict[key.upper()] or None for key in ("host", "port", "user", "password")}
    with psycopg.connect(**where, dbname="postgres", autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield name
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_every_migration_of_ours_can_be_reversed_and_applied_again_with_data_present(fresh_database, tmp_path):
    address = database_url().rpartition("/")[0] + f"/{fresh_database}"
    surroundings = environment(DATABASE_URL=address, VAR_DIR=str(tmp_path))

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=settings.BASE_DIR, env=surroundings, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    names = {app: sorted(name for owner, name in MigrationLoader(None).disk_migrations if owner == app) for app in OURS}
    run("manage.py", "migrate")
    run("manage.py", "seed_demo")

    run("-c", BACK_AND_FORTH, json.dumps(names))

    assert "leads" in run("manage.py", "seed_demo")  # which it would refuse, were any user left
