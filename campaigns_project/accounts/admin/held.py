"""The roles the person behind an admin request holds, read once per request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.http import HttpRequest

from campaigns_project.accounts.models import Membership, Organization
from campaigns_project.accounts.roles import Role


@dataclass(frozen=True)
class HeldRoles:
    """A role by organization; `everywhere` for a system administrator, who needs none."""

    everywhere: bool = False
    by_organization: Mapping[int, Role] = field(default_factory=dict)

    @cached_property
    def is_of_one(self) -> bool:
        """True for who sees a single organization, whom its name tells nothing."""
        if self.everywhere:
            return len(Organization.objects.order_by("pk").values_list("pk")[:2]) < 2
        return len(self.by_organization) == 1

    def covers(self, needed: Role, organization_id: int | None = None) -> bool:
        """True when `needed` is covered in that organization, or, without one, in any."""
        if self.everywhere:
            return True
        if organization_id is None:
            return any(role.covers(needed) for role in self.by_organization.values())
        role = self.by_organization.get(organization_id)
        return role is not None and role.covers(needed)

    def organization_ids(self, needed: Role = Role.VIEWER) -> list[int]:
        """The organizations in which `needed` is covered; says nothing about a system administrator."""
        return [key for key, role in self.by_organization.items() if role.covers(needed)]

    def scope(self, queryset: Any, needed: Role = Role.VIEWER) -> Any:
        """The rows of `queryset` that may be seen (or, with a higher role, worked on)."""
        return queryset if self.everywhere else queryset.for_organizations(self.organization_ids(needed))


def held_roles(request: HttpRequest) -> HeldRoles:
    """What the user of `request` may do; the same object for the whole request."""
    if not hasattr(request, "_held_roles"):
        request._held_roles = _read(request.user)  # type: ignore[attr-defined]
    return request._held_roles  # type: ignore[attr-defined]


def organization_id_of(obj: Any) -> int | None:
    """The key of the organization `obj` belongs to; None for what belongs to none. Reads no organization for it."""
    *parents, last = getattr(obj, "organization_path", "pk").split("__")
    for parent in parents:
        obj = getattr(obj, parent, None)
    key = f"{last}_id"  # the foreign key's own column; a plain number stands under its name
    return getattr(obj, key) if hasattr(obj, key) else getattr(obj, last, None)


def _read(user: Any) -> HeldRoles:
    if not (user.is_authenticated and user.is_active):
        return HeldRoles()
    if user.is_superuser:
        return HeldRoles(everywhere=True)
    held = Membership.objects.filter(user=user).values_list("organization_id", "role")
    return HeldRoles(by_organization={key: Role(role) for key, role in held})
