from collections.abc import Iterator
from copy import deepcopy

import pytest

from campaigns_project.tests.made_once import made_once
from campaigns_project.tests.tenancy.world import World
from campaigns_project.tests.verification.databases import Lender, database
from campaigns_project.tests.verification.template import migrated_template
from campaigns_project.verification import manifest, migrations_on_disk


@pytest.fixture(scope="session")
def migrated(django_db_setup, django_db_blocker) -> str:
    """A database as the migrations make it, for copying; nobody writes to it."""
    digest = migrations_on_disk.digest(migrations_on_disk.load())
    if any(each.migrations != digest for each in manifest.shipped()):
        # Each of a hundred verifications would make a database of its own to compare with.
        pytest.fail("The manifest is stale: run make schema-manifest.", pytrace=False)
    with django_db_blocker.unblock():
        return migrated_template()


@pytest.fixture
def copy(migrated: str, django_db_blocker) -> Iterator[str]:
    """The alias of a migrated database of this test's own."""
    with django_db_blocker.unblock(), database(migrated) as name:
        yield name


@pytest.fixture(scope="module")
def lender(migrated: str, django_db_blocker) -> Iterator[Lender]:
    """For tests that leave a migrated database as it was: one after the other they have the same."""
    with django_db_blocker.unblock(), Lender(migrated) as lender:
        yield lender


@pytest.fixture(scope="module")
def _world_of_the_module(django_db_setup, django_db_blocker) -> Iterator[World]:
    with made_once(django_db_blocker):
        yield World("world-a")


@pytest.fixture(scope="module")
def _worlds_of_the_module(django_db_setup, django_db_blocker) -> Iterator[tuple[World, World]]:
    with made_once(django_db_blocker):
        yield World("world-a"), World("world-b")


@pytest.fixture
def world(_world_of_the_module: World, db: None) -> World:
    """An organization with a row of everything. A module whose tests want it has none with real transactions."""
    return deepcopy(_world_of_the_module)


@pytest.fixture
def worlds(_worlds_of_the_module: tuple[World, World], db: None) -> tuple[World, World]:
    """Two of them. A module whose tests want both has none that wants the one alone."""
    return deepcopy(_worlds_of_the_module)
