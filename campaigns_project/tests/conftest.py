from collections.abc import Iterator

import pytest

from campaigns_project.tests.verification.databases import database, migrate


@pytest.fixture(scope="session")
def migrated(django_db_setup, django_db_blocker) -> Iterator[str]:
    """A database as the migrations make it, for copying; nobody writes to it."""
    with django_db_blocker.unblock(), database() as name:
        migrate(name)
        yield name


@pytest.fixture
def copy(migrated: str, django_db_blocker) -> Iterator[str]:
    """The alias of a migrated database of this test's own."""
    with django_db_blocker.unblock(), database(migrated) as name:
        yield name
