"""Where somebody may act, and in which role."""

import pytest

from campaigns.tests.factories import MembershipFactory, OrganizationFactory, ServiceAccountFactory, UserFactory
from campaigns_project.accounts.access import seats_of
from campaigns_project.accounts.roles import Role

pytestmark = pytest.mark.django_db


def test_a_person_has_a_seat_for_each_membership_and_a_key_has_one(django_assert_num_queries):
    person, key = UserFactory(), UserFactory()
    first, second = (MembershipFactory(user=person, role=role) for role in (Role.VIEWER, Role.MANAGER))
    ServiceAccountFactory(user=key, organization=first.organization, role=Role.OPERATOR)

    with django_assert_num_queries(1):
        assert seats_of(person) == {first.organization: Role.VIEWER, second.organization: Role.MANAGER}
    assert seats_of(key) == {first.organization: Role.OPERATOR}
    assert seats_of(person, slug=second.organization.slug) == {second.organization: Role.MANAGER}
    assert seats_of(key, slug=second.organization.slug) == {}


@pytest.mark.parametrize(("as_person", "as_key"), [(Role.OWNER, Role.VIEWER), (Role.VIEWER, Role.OWNER)])
def test_of_two_roles_in_one_organization_the_greater_holds(as_person, as_key):
    user, organization = UserFactory(), OrganizationFactory()
    MembershipFactory(user=user, organization=organization, role=as_person)
    ServiceAccountFactory(user=user, organization=organization, role=as_key)

    assert seats_of(user) == {organization: Role.OWNER}


def test_a_system_administrator_is_an_owner_wherever_they_say(django_assert_num_queries):
    user = UserFactory(is_superuser=True)
    _, second, _ = OrganizationFactory.create_batch(3)

    with django_assert_num_queries(1):
        assert seats_of(user, slug=second.slug) == {second: Role.OWNER}
    assert seats_of(user, slug="none-of-them") == {}
    assert set(seats_of(user).values()) == {Role.OWNER}
    assert len(seats_of(user)) > 1  # so that one has to be named


@pytest.mark.parametrize("is_superuser", [False, True])
def test_whoever_was_put_out_has_none(is_superuser):
    user = MembershipFactory(user__is_active=False, user__is_superuser=is_superuser).user

    assert seats_of(user) == {}
