"""Clients of the API as integrations have them: with a real key."""

from rest_framework.test import APIClient

from campaigns.tests.factories import OrganizationFactory
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.service_accounts import create_api_key
from campaigns_project.audit.actors import SYSTEM


class KeyClient(APIClient):
    """Sends a key of `organization` with every request."""

    organization: Organization


def key_client(role: Role | str = Role.OWNER, organization: Organization | None = None) -> KeyClient:
    """A client with a new key of this role; its organization is made unless given."""
    home = organization or OrganizationFactory()
    client = KeyClient()
    client.organization = home
    _account, key = create_api_key(organization=home, name=f"test {role}", role=Role(role), actor=SYSTEM)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return client
