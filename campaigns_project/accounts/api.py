"""How API views know the caller's organization and role, and keep to them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework import exceptions, permissions
from rest_framework.request import Request

from campaigns_project.accounts.access import seats_of
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
        needed, held = self._needed(request, view), role_of_request(request)
        if not held.covers(needed):
            raise exceptions.PermissionDenied(
                f"This needs the role {needed.value}; this key or person has {held.value}."
            )
        return True

    def _needed(self, request: Request, view: Any) -> Role:
        named = getattr(view, "roles", {}).get(getattr(view, "action", None))
        return named or (Role.VIEWER if request.method in permissions.SAFE_METHODS else Role.OPERATOR)


def organization_of_request(request: Request) -> Organization:
    """The one organization this request is about.

    A key has one. A person who belongs to several names it in the header `X-Organization` (its slug).
    """
    return _seat(request)[0]


def role_of_request(request: Request) -> Role:
    """The caller's role in the organization of the request."""
    return _seat(request)[1]


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


def _seat(request: Request) -> tuple[Organization, Role]:
    """The caller's organization and its role there, looked up once."""
    kept = vars(request)
    if "_fairlead_seat" not in kept:
        kept["_fairlead_seat"] = _find_seat(request)
    return kept["_fairlead_seat"]


def _find_seat(request: Request) -> tuple[Organization, Role]:
    slug = request.headers.get("X-Organization")
    found = list(seats_of(request.user, slug=slug).items())  # type: ignore[arg-type]  # nobody anonymous gets this far
    if slug and not found:
        raise exceptions.PermissionDenied(f"You do not belong to an organization “{slug}” (X-Organization).")
    if not found:
        raise exceptions.PermissionDenied("You belong to no organization yet; ask an owner for a membership.")
    if len(found) > 1:
        raise exceptions.PermissionDenied("You belong to several organizations: name one in the header X-Organization.")
    return found[0]
