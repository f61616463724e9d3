"""The manifests that are shipped: true, and for these very migrations."""

import json
import secrets

import pytest

from campaigns_project.tests.verification.databases import one, run
from campaigns_project.verification import manifest, migrations_on_disk, shadow
from campaigns_project.verification.expected import made_now


@pytest.fixture(scope="module")
def fresh(django_db_setup, django_db_blocker) -> manifest.Manifest:
    with django_db_blocker.unblock():
        return made_now()


def test_the_manifest_is_what_the_migrations_make(fresh: manifest.Manifest):
    file = manifest.file_for(fresh.postgres)
    if not file.exists():
        pytest.skip(f"no manifest is shipped for Postgres {fresh.postgres}: a shadow database is used there")

    assert file.read_text() == manifest.written(fresh), "stale: run make schema-manifest"


def test_a_manifest_has_a_line_for_each_thing_and_reads_back(fresh: manifest.Manifest):
    text = manifest.written(fresh)

    assert json.loads(text)["catalogue"] == fresh.catalogue
    assert '\n  "campaigns.name": {' in text


def test_every_change_of_a_migration_is_another_digest():
    loader = migrations_on_disk.load()
    before = migrations_on_disk.digest(loader)
    del loader.disk_migrations["campaigns", "0001_initial"]

    assert migrations_on_disk.digest(loader) != before


def test_what_a_killed_run_left_behind_is_swept_and_what_another_one_uses_is_not(migrated, django_db_blocker):
    mark = secrets.token_hex(4)
    old, young = f"{shadow.PREFIX}1700000000_{mark}", f"{shadow.PREFIX}99999999999_{mark}"
    with django_db_blocker.unblock():
        run("default", f'CREATE DATABASE "{old}"', f'CREATE DATABASE "{young}"')
        try:
            shadow.shadow_catalogue("default")
            left = one(
                "default", f"SELECT array_agg(datname::text) FROM pg_database WHERE datname IN ('{old}', '{young}')"
            )
        finally:
            run("default", f'DROP DATABASE "{young}"', f'DROP DATABASE IF EXISTS "{old}"')

    assert left == [young]
