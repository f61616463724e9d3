"""How API views know the caller's organization and role, and keep to them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework import exceptions, permissions
from rest_framework.request import Request

from campaigns_project.accounts.access import organizations_of, role_in
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.tenancy import living
from campaigns_project.audit.actors import Actor


class RoleAllows(permissions.BasePermission):
    """The caller's role covers what the action needs.

    A view names its needs in `roles`, by action; without an entry reading needs a viewer and writing an operator.
    """

    message = "Your role does not allow this."

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            raise exceptions.NotAuthenticated("Send a key as “Authorization: Bearer …”; create_api_key makes one.")
        organization = organization_of_request(request)
        needed = self._needed(request, view)
        held = role_in(request.user, organization)
        if held is None or not held.covers(needed):
            raise exceptions.PermissionDenied(
                f"This needs the role {needed.value}; this key or person has {held.value if held else 'none'}."
            )
        return True

    def _needed(self, request: Request, view: Any) -> Role:
        named = getattr(view, "roles", {}).get(getattr(view, "action", None))
        return named or (Role.VIEWER if request.method in permissions.SAFE_METHODS else Role.OPERATOR)


def organization_of_request(request: Request) -> Organization:
    """The one organization this request is about.

    A key has one. A person who belongs to several names it in the header `X-Organization` (its slug).
    """
    kept = vars(request)
    if "_fairlead_organization" not in kept:
        kept["_fairlead_organization"] = _find_organization(request)
    return kept["_fairlead_organization"]


class OrganizationScoped:
    """For viewsets: rows of the caller's organization only; everything else is 404."""

    roles: ClassVar[Mapping[str, Role]] = {}

    @property
    def organization(self) -> Organization:
        return organization_of_request(self.request)  # type: ignore[attr-defined]

    @property
    def actor(self) -> Actor:
        return Actor.of_request(self.request, via="api")  # type: ignore[attr-defined]

    def get_queryset(self) -> Any:
        queryset = super().get_queryset()  # type: ignore[misc]
        if getattr(self, "swagger_fake_view", False):
            return queryset.none()
        return living(queryset).for_organization(self.organization)

    def get_serializer_context(self) -> dict[str, Any]:
        context = super().get_serializer_context()  # type: ignore[misc]
        if not getattr(self, "swagger_fake_view", False):
            context["organization"] = self.organization
        return context


def _find_organization(request: Request) -> Organization:
    mine = organizations_of(request.user)  # type: ignore[arg-type]  # nobody anonymous gets this far
    slug = request.headers.get("X-Organization")
    if slug:
        found = mine.filter(slug=slug).first()
        if found is None:
            raise exceptions.PermissionDenied(f"You do not belong to an organization “{slug}” (X-Organization).")
        return found
    some = list(mine[:2])
    if not some:
        raise exceptions.PermissionDenied("You belong to no organization yet; ask an owner for a membership.")
    if len(some) > 1:
        raise exceptions.PermissionDenied("You belong to several organizations: name one in the header X-Organization.")
    return some[0]
