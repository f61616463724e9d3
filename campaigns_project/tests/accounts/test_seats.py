"""Where somebody may act, and in which role."""

import pytest

from campaigns.tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from campaigns_project.accounts.access import role_in, seats_of
from campaigns_project.accounts.models import ServiceAccount
from campaigns_project.accounts.roles import Role

pytestmark = pytest.mark.django_db


def test_a_person_has_a_seat_for_each_membership_and_a_key_has_one(django_assert_num_queries):
    person, key = UserFactory(), UserFactory()
    first, second = (MembershipFactory(user=person, role=role) for role in (Role.VIEWER, Role.MANAGER))
    ServiceAccount.objects.create(user=key, organization=first.organization, name="shop", role=Role.OPERATOR)

    with django_assert_num_queries(1):
        assert seats_of(person) == {first.organization: Role.VIEWER, second.organization: Role.MANAGER}
    assert seats_of(key) == {first.organization: Role.OPERATOR}


@pytest.mark.parametrize(("as_person", "as_key"), [(Role.OWNER, Role.VIEWER), (Role.VIEWER, Role.OWNER)])
def test_of_two_roles_in_one_organization_the_greater_holds(as_person, as_key):
    user, organization = UserFactory(), OrganizationFactory()
    MembershipFactory(user=user, organization=organization, role=as_person)
    ServiceAccount.objects.create(user=user, organization=organization, name="shop", role=as_key)

    assert seats_of(user) == {organization: Role.OWNER}
    assert role_in(user, organization) == Role.OWNER


def test_whoever_was_put_out_has_none():
    user = MembershipFactory(user__is_active=False).user

    assert seats_of(user) == {}
