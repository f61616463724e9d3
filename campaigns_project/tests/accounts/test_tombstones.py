"""The number of a deleted organization is never given out again: what outlives it names it by that number."""

from contextlib import closing

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from campaigns.tests.factories import OrganizationFactory
from campaigns_project.accounts.models import Organization, OrganizationTombstone

pytestmark = pytest.mark.django_db


def run(sql, *params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


@pytest.mark.parametrize("again", ["number", "sequence"])
def test_the_number_of_a_deleted_organization_is_refused_however_it_comes_back(again):
    dead = OrganizationFactory()
    number = dead.pk
    run("DELETE FROM organizations WHERE id = %s", number)

    with pytest.raises(IntegrityError, match="never used again"), transaction.atomic():
        if again == "number":
            OrganizationFactory(pk=number)
        else:
            run("SELECT setval(pg_get_serial_sequence('organizations', 'id'), %s, false)", number)
            OrganizationFactory()

    assert (list(Organization.objects.all()), OrganizationTombstone.objects.get().pk) == ([], number)


def test_a_living_organization_keeps_its_number():
    organization = OrganizationFactory()

    with pytest.raises(IntegrityError, match="keeps its number"), transaction.atomic():
        run("UPDATE organizations SET id = id + 1000 WHERE id = %s", organization.pk)

    assert list(Organization.objects.all()) == [organization]


@pytest.mark.django_db(transaction=True)
def test_a_number_is_refused_in_a_transaction_that_began_before_the_deletion():
    dead = OrganizationFactory()
    other = connections.create_connection("default")
    with closing(other), other.cursor() as earlier:
        earlier.execute("CREATE TEMPORARY TABLE again AS SELECT * FROM organizations")
        earlier.execute("UPDATE again SET slug = 'another'")
        earlier.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        earlier.execute("SELECT count(*) FROM organizations")
        dead.delete()

        with pytest.raises(IntegrityError, match="never used again"):
            earlier.execute("INSERT INTO organizations SELECT * FROM again")


@pytest.mark.parametrize("act", ["UPDATE {} SET id = 0", "DELETE FROM {}", "TRUNCATE {}"])
def test_tombstones_of_organizations_stay(act):
    OrganizationFactory().delete()

    with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
        run(act.format("organization_tombstones"))

    assert OrganizationTombstone.objects.count() == 1
