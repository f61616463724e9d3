"""Admin permissions and form choices from memberships, instead of Django's permission tables."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpRequest

from campaigns_project.accounts.admin.held import held_roles, organization_id_of
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.tenancy import living

NOBODY = None  # a role nobody holds: the act is not offered in the admin at all


class RolePermissions:
    """Which role an act needs; NOBODY in `roles` means: not in the admin."""

    roles: ClassVar[Mapping[str, Role | None]] = {}
    default_roles: ClassVar[Mapping[str, Role | None]] = {
        "view": Role.VIEWER,
        "add": Role.OPERATOR,
        "change": Role.OPERATOR,
        "delete": NOBODY,
    }

    def needed(self, act: str) -> Role | None:
        """The role `act` needs: view, add, change or delete."""
        return {**self.default_roles, **self.roles}[act]

    def allowed(self, request: HttpRequest, act: str, obj: Any = None) -> bool:
        """True when the user may do `act` to `obj`, or, without one, to anything of this kind."""
        needed = self.needed(act)
        if needed is NOBODY:
            return False
        return may_here(request, needed, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.allowed(request, "view")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allowed(request, "view", obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allowed(request, "add", obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allowed(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allowed(request, "delete", obj)


class ScopedChoices:
    """Form choices hold only rows of organizations in which the user may do the act."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        related = db_field.related_model
        if issubclass(related, Organization) or hasattr(related, "organization_path"):
            needed = self.needed("add") or self.needed("change") or Role.OPERATOR  # type: ignore[attr-defined]
            kwargs["queryset"] = held_roles(request).scope(living(related.objects.all()), needed)
        if issubclass(related, Organization):
            only = list(kwargs["queryset"][:2])
            if len(only) == 1:
                kwargs["initial"] = only[0]
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]


def may_here(request: HttpRequest, needed: Role, obj: Any = None) -> bool:
    """True when the user holds `needed` where `obj` belongs; without an object, anywhere."""
    if not hasattr(obj, "organization_of"):
        return held_roles(request).covers(needed)
    organization_id = organization_id_of(obj)
    return (
        held_roles(request).everywhere
        if organization_id is None
        else held_roles(request).covers(needed, organization_id)
    )
