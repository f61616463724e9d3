"""Service accounts of integrations and their keys: hashed tokens, each shown once, taken away when not wanted."""

import secrets
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from knox.models import get_token_model
from knox.settings import CONSTANTS

from campaigns_project.accounts.models import Organization, ServiceAccount, User
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound, Refused, StateRefused

LONGEST_NAME = 100
MOST_DAYS = 3_650
BEGINNING = CONSTANTS.TOKEN_KEY_LENGTH  # characters of a key that are kept readable, to tell it from others
SOME = 10  # names that a refusal repeats


@transaction.atomic
def create_api_key(
    *, organization: Organization, name: str, role: Role, actor: Actor, expires_after: timedelta | None = None
) -> tuple[ServiceAccount, str]:
    """A key for the integration `name`: the service account (made on first use) and the token in plain text.

    The token is kept hashed and cannot be shown again. Refused when the name is in use with another role: a key's
    rights never change behind the back of those who hold the earlier ones.
    """
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)  # two at once: one after the other
    account = ServiceAccount.objects.filter(organization=organization, name=name).first()
    if account is not None and account.role != role:
        raise StateRefused(
            "name_in_use",
            f"The service account “{name}” of {organization.slug} exists with the role {account.role}.",
            f"Ask for a key with the role {account.role}, or choose another name.",
        )
    if account is None:
        account = _make_account(organization=organization, name=name, role=role)
    instance, token = get_token_model().objects.create(user=account.user, expiry=expires_after)
    record(
        action="api_key.created",
        entity=account,
        organization_id=organization.pk,
        actor=actor,
        after={"name": name, "role": role, "token_prefix": instance.token_key, "expires_at": instance.expiry},
    )
    return account, token


@transaction.atomic
def revoke_api_key(*, account: ServiceAccount, beginning: str, actor: Actor) -> None:
    """Take away the key of `account` that begins with `beginning`: from now on it opens nothing. The account stays.

    NotFound where the account has no such key, or has it no more.
    """
    key = keys_of(account).select_for_update().filter(token_key=beginning).first()
    if key is None:
        raise NotFound(
            "api_key_not_found",
            f"“{account.name}” of {account.organization.slug} has no such key.",
            "It may have been revoked meanwhile.",
        )
    record(
        action="api_key.revoked",
        entity=account,
        organization_id=account.organization_id,
        actor=actor,
        before={
            "name": account.name,
            "role": account.role,
            "token_prefix": key.token_key,
            "created_at": key.created,
            "expires_at": key.expiry,
        },
    )
    key.delete()


@transaction.atomic
def rename_service_account(*, account: ServiceAccount, name: str, actor: Actor) -> bool:
    """Call `account` by another name from now on; False when it has that name. Its keys and its role stay.

    What it did before stands in the audit log under the name it had then. Refused for what is no name (`is_name`), and
    for one that another service account of the organization has.
    """
    if not is_name(name):
        message = f"A name has 1 to {LONGEST_NAME:,} printable characters."
        raise Refused("bad_name", message, "Choose another one.", {"field": "name"})
    current = _locked(account)
    if current.name == name:
        return False
    if ServiceAccount.objects.filter(organization=current.organization_id, name=name).exists():
        raise StateRefused(
            "name_in_use", f"There is a service account “{name}” already.", "Choose another name.", {"field": "name"}
        )
    record(
        action="serviceaccount.renamed",
        entity=current,
        organization_id=current.organization_id,
        actor=actor,
        before={"name": current.name},
        after={"name": name},
    )
    User.objects.filter(pk=current.user_id).update(name=name)
    ServiceAccount.objects.filter(pk=current.pk).update(name=name)
    return True


@transaction.atomic
def delete_service_account(*, account: ServiceAccount, actor: Actor) -> int:
    """Revoke all keys of `account` and remove it; how many keys it had. What it made and did stays.

    The audit log keeps its name with each act of before; rows that say who made them say nobody.
    """
    current = _locked(account)
    keys = [key.token_key for key in keys_of(current)]
    for beginning in keys:
        revoke_api_key(account=current, beginning=beginning, actor=actor)
    record(
        action="serviceaccount.deleted",
        entity=current,
        organization_id=current.organization_id,
        actor=actor,
        before={"name": current.name, "role": current.role, "created_at": current.created_at, "keys": len(keys)},
    )
    current.user.delete()  # the service account goes with it
    return len(keys)


def service_account_named(*, organization: Organization, name: str) -> ServiceAccount:
    """The service account of `organization` that is called so; NotFound tells which there are."""
    accounts = ServiceAccount.objects.filter(organization=organization)
    found = accounts.filter(name=name).select_related("organization", "user").first()
    if found is None:
        names = ", ".join(accounts.values_list("name", flat=True)[:SOME])
        raise NotFound(
            "service_account_not_found",
            f"{organization.slug} has no service account “{name}”.",
            f"There are: {names or 'none'}.",
        )
    return found


def _locked(account: ServiceAccount) -> ServiceAccount:
    """`account` as it is now, while nobody makes keys or names in its organization; NotFound when it is gone."""
    Organization.objects.select_for_update(no_key=True).filter(pk=account.organization_id).first()
    current = ServiceAccount.objects.select_related("organization", "user").filter(pk=account.pk).first()
    if current is None:
        raise NotFound(
            "service_account_not_found", f"“{account.name}” is not there any more.", "Somebody deleted it meanwhile."
        )
    return current


def keys_of(account: ServiceAccount) -> QuerySet[Any]:
    """The keys of `account`, newest first; those that have expired as well, until somebody tries one."""
    return get_token_model().objects.filter(user=account.user_id).order_by("-created")


def keys_named(*, organization: Organization, named: str) -> list[tuple[ServiceAccount, Any]]:
    """The key of `organization` that begins as `named` does, or all keys of the service account of that name.

    `named` may be a whole key; it is not repeated where there is none.
    """
    accounts = ServiceAccount.objects.filter(organization=organization).select_related("organization", "user")
    beginning = accounts.filter(user__auth_token_set__token_key=named[:BEGINNING]).first()
    if beginning is not None:
        return [(beginning, key) for key in keys_of(beginning).filter(token_key=named[:BEGINNING])]
    account = accounts.filter(name=named).first()
    found = [(account, key) for key in keys_of(account)] if account else []
    if not found:
        having = accounts.filter(user__auth_token_set__isnull=False).distinct().values_list("name", flat=True)
        raise NotFound(
            "api_key_not_found",
            f"No key of {organization.slug} begins so, and no service account of that name has one.",
            f"There are keys of: {', '.join(having[:SOME]) or 'none'}.",
        )
    return found


def is_name(text: str) -> bool:
    """Whether a service account may be called that."""
    return 0 < len(text) <= LONGEST_NAME and text.isprintable()


def _make_account(*, organization: Organization, name: str, role: Role) -> ServiceAccount:
    # Nothing is sent there. By chance, since names and slugs are free again when somebody changes or deletes them.
    apart = secrets.token_hex(8)
    address = f"{name}.{apart}@{organization.slug}.service.invalid".replace(" ", "-").lower()[-254:]
    user = User.objects.create_user(address, name=name, is_staff=False)
    return ServiceAccount.objects.create(user=user, organization=organization, name=name, role=role)
