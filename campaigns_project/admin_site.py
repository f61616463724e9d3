"""The admin: who may enter, and what the sidebar shows to whom."""

from typing import Any

from django.http import HttpRequest
from unfold.sites import UnfoldAdminSite


class FairleadAdminSite(UnfoldAdminSite):
    """Open to people with `is_staff`; what each sees is told by the roles of their memberships."""

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return user.is_active and user.is_staff and not hasattr(user, "service_account")

    def may_view(self, request: HttpRequest, model: type[Any]) -> bool:
        """True when the sidebar should show `model` to this user."""
        admin = self._registry.get(model)
        return admin is not None and admin.has_view_permission(request)
