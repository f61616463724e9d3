"""Rows that belong to the person who made them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import exceptions

from campaigns_project.accounts.api import role_of_request
from campaigns_project.accounts.roles import Role

WHO = "By whoever made it, or a manager."


class OwnRows:
    """Mixed into a view: a row is changed and deleted by whom its `owner` column names, or by a manager."""

    owner: ClassVar[str]
    roles: ClassVar[Mapping[str, Role]] = {"destroy": Role.OPERATOR}

    @extend_schema(description=WHO)
    def partial_update(self, *args: Any, **kwargs: Any) -> Any:
        return super().partial_update(*args, **kwargs)  # type: ignore[misc]

    @extend_schema(description=WHO)
    def destroy(self, *args: Any, **kwargs: Any) -> Any:
        return super().destroy(*args, **kwargs)  # type: ignore[misc]

    def get_object(self) -> Any:
        row = super().get_object()  # type: ignore[misc]
        user = self.request.user  # type: ignore[attr-defined]
        is_reading = self.request.method in {"GET", "HEAD"}  # type: ignore[attr-defined]
        if is_reading or getattr(row, self.owner) == user.pk:
            return row
        if not role_of_request(self.request).covers(Role.MANAGER):  # type: ignore[attr-defined]
            raise exceptions.PermissionDenied("Somebody else made this; a manager may change it as well.")
        return row
