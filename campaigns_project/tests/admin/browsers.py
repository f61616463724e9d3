"""Logged-in browsers for tests of admin pages, in every app."""

from typing import Any

from django.test import Client

from campaigns.tests.factories import MembershipFactory
from campaigns_project.accounts.roles import Role


def client_of(user: Any) -> Client:
    """A browser in which `user` is logged in."""
    client = Client()
    client.force_login(user, backend="campaigns_project.accounts.backends.PasswordAndCode")
    return client


def member(organization: Any, role: Role) -> Client:
    """A browser of somebody with `role` in `organization`."""
    return client_of(MembershipFactory(organization=organization, role=role).user)


def press(client: Client, address: str, **answers: Any) -> Any:
    """Press the button of the dialog at `address`, as the page's script does."""
    return client.post(address, {**answers, "_form_submitted": "on"}, headers={"HX-Request": "true"})
