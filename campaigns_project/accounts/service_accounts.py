"""Keys for integrations: a service account with a hashed token, shown once."""

from datetime import timedelta

from django.db import transaction
from knox.models import get_token_model

from campaigns_project.accounts.models import Organization, ServiceAccount, User
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import StateRefused


@transaction.atomic
def create_api_key(
    *, organization: Organization, name: str, role: Role, actor: Actor, expires_after: timedelta | None = None
) -> tuple[ServiceAccount, str]:
    """A key for the integration `name`: the service account (made on first use) and the token in plain text.

    The token is kept hashed and cannot be shown again. Refused when the name is in use with another role: a key's
    rights never change behind the back of those who hold the earlier ones.
    """
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


def _make_account(*, organization: Organization, name: str, role: Role) -> ServiceAccount:
    number = ServiceAccount.objects.count()
    address = f"{name}.{number}@{organization.slug}.service.invalid".replace(" ", "-").lower()[-254:]
    user = User.objects.create_user(address, name=name, is_staff=False)
    return ServiceAccount.objects.create(user=user, organization=organization, name=name, role=role)
