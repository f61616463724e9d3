"""The manifests that are shipped: true, and for these very migrations."""

import json
import secrets

import pytest
from django.db import connections

from campaigns_project.tests.verification.databases import database, one, run
from campaigns_project.verification import manifest, migrations_on_disk, shadow
from campaigns_project.verification.catalogue import read_catalogue
from campaigns_project.verification.expected import major_version


@pytest.fixture(scope="module")
def fresh(migrated: str, django_db_blocker) -> manifest.Manifest:
    """As `make schema-manifest` would make it, of a database that the migrations have made already."""
    digest = migrations_on_disk.digest(migrations_on_disk.load())
    with django_db_blocker.unblock(), database(migrated) as name, connections[name].cursor() as cursor:
        return manifest.Manifest(major_version(cursor), digest, read_catalogue(cursor))


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


def test_what_a_killed_run_left_behind_is_swept_and_what_another_one_uses_is_not(django_db_setup, django_db_blocker):
    mark = secrets.token_hex(4)
    old, young = f"{shadow.PREFIX}1700000000_{mark}", f"{shadow.PREFIX}99999999999_{mark}"
    with django_db_blocker.unblock():
        run("default", f'CREATE DATABASE "{old}"', f'CREATE DATABASE "{young}"')
        try:
            with shadow.empty_database("default"):
                pass
            left = one(
                "default", f"SELECT array_agg(datname::text) FROM pg_database WHERE datname IN ('{old}', '{young}')"
            )
        finally:
            run("default", f'DROP DATABASE "{young}"', f'DROP DATABASE IF EXISTS "{old}"')

    assert left == [young]
