"""What the tests of admin pages share."""

from typing import Any

import pytest
from django.test import Client

from campaigns.tests.factories import OrganizationFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import member


@pytest.fixture
def organization(db: None) -> Any:
    return OrganizationFactory()


@pytest.fixture
def operator(organization: Any) -> Client:
    return member(organization, Role.OPERATOR)
