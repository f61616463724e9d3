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
from pytest import TempPathFactory
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


@pytest.fixture(scope="module")
def seeded(migrated: str, django_db_blocker: DjangoDbBlocker, tmp_path_factory: TempPathFactory) -> Iterator[str]:
    """A migrated database with the demo's data in it, for copying."""
    with django_db_blocker.unblock(), database(migrated) as name:
        seed_demo(name, tmp_path_factory.mktemp("demo"))
        yield name


@pytest.fixture
def full(seeded: str, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """One of those of this test's own."""
    with django_db_blocker.unblock(), database(seeded) as name:
        yield name


def test_every_migration_of_ours_can_be_reversed_and_applied_again_with_data_present(full: str):
    names = {app: sorted(name for owner, name in MigrationLoader(None).disk_migrations if owner == app) for app in OURS}

    take_back(full, {app: found[-2] for app, found in names.items() if len(found) > 1})  # the newest of each app
    assert one(full, "SELECT count(*) > 0 FROM leads")
    migrate(full)
    take_back(full, dict.fromkeys(OURS))
    assert one(full, "SELECT to_regclass('leads') IS NULL AND to_regclass('organizations') IS NULL")
    migrate(full)

    assert one(full, "SELECT count(*) FROM leads") + one(full, "SELECT count(*) FROM users") == 0
    assert verify(using=full).findings == []


# A staged lead with a number of its own that is not that of its raw lead, and what a service said of it.
ENRICHED = """
WITH owner AS (
    INSERT INTO organizations (name, slug, timezone, postal_address, allows_overlap, created_at, updated_at)
    VALUES ('A', 'a', 'UTC', '', false, now(), now()) RETURNING id
), came AS (
    INSERT INTO lead_imports (organization_id, file_name, file_size, file_hash, encoding, delimiter, mapping, options,
        rows_done, created_count, updated_count, unchanged_count, problem_count, error_message, created_at)
    SELECT id, 'a.csv', 1, '', '', '', '{}', '{}', 0, 0, 0, 0, 0, '', now() FROM owner RETURNING id
), raw AS (
    INSERT INTO raw_leads (id, lead_import_id, row_number, payload) SELECT 40, id, 2, '[]' FROM came
    RETURNING id, lead_import_id
), staged AS (
    INSERT INTO staged_leads (id, raw_lead_id, lead_import_id, row_number) SELECT 7, id, lead_import_id, 2 FROM raw
    RETURNING id
)
INSERT INTO lead_enrichments (staged_lead_id, provider, model, result, error_message) SELECT id, 'x', '', '{}', ''
FROM staged RETURNING staged_lead_id
"""


def test_what_a_service_said_stays_with_its_staged_lead_when_that_takes_the_number_of_its_raw_lead(copy: str):
    of_enrichment = "SELECT staged_lead_id FROM lead_enrichments"
    take_back(copy, {"leads": "0007_imports_at_full_speed"})
    assert one(copy, ENRICHED) == 7

    migrate(copy)
    assert (one(copy, of_enrichment), one(copy, "SELECT raw_lead_id FROM staged_leads")) == (40, 40)
    take_back(copy, {"leads": "0007_imports_at_full_speed"})

    staged = one(copy, "SELECT id FROM staged_leads WHERE raw_lead_id = 40")
    assert one(copy, of_enrichment) == staged


# Two mails of one campaign in the hands of two workers, the second until a minute later.
IN_HAND = """
WITH mail AS (
    SELECT DISTINCT ON (recipient.id) message.id, recipient.id AS recipient, recipient.campaign_id
    FROM campaign_messages message JOIN campaign_recipients recipient ON recipient.id = message.recipient_id
    WHERE message.status = 'sent' AND recipient.campaign_id = (
        SELECT one.campaign_id FROM campaign_messages mail JOIN campaign_recipients one ON one.id = mail.recipient_id
        WHERE mail.status = 'sent' GROUP BY 1 ORDER BY count(DISTINCT one.id) DESC LIMIT 1)
    ORDER BY recipient.id LIMIT 2
), lease AS (
    INSERT INTO sending_leases (campaign_id, recipients, until, created_at)
    SELECT campaign_id, ARRAY[recipient], now() + row_number() OVER () * interval '1 minute', now() FROM mail
    RETURNING id, recipients[1] AS recipient
), taken AS (
    UPDATE campaign_messages message SET status = 'claimed', sent_at = NULL, claimed_at = now(), lease = lease.id
    FROM mail JOIN lease USING (recipient) WHERE message.id = mail.id RETURNING message.id
)
SELECT count(*) FROM taken
"""
LEASED = """
SELECT count(*) FROM sending_leases lease JOIN campaign_messages message
ON message.lease = lease.id AND message.recipient_id = ANY(lease.recipients)
WHERE message.status = 'claimed' AND lease.until > now() + interval '90 seconds'
"""


def test_mails_in_hand_stay_so_when_leases_get_a_table_of_their_own(full: str):
    assert one(full, IN_HAND) == 2

    take_back(full, {"campaigns": "0014_claims_write_no_recipient"})
    assert one(full, "SELECT count(DISTINCT lease_until) FROM campaign_messages WHERE status = 'claimed'") == 2
    migrate(full)

    assert (one(full, LEASED), one(full, "SELECT count(*) FROM sending_leases")) == (2, 1)


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
