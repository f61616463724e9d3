"""What plans, calendar, tasks and metrics have in common: they may be switched off, and name members."""

from typing import Any, ClassVar

from rest_framework import serializers

from campaigns.ops.switch import require_operations
from campaigns_project.accounts.models import User
from campaigns_project.rest.viewsets import ApiViewSet


class MemberField(serializers.PrimaryKeyRelatedField):
    """A person by number, one of the caller's organization; anybody else reads like one who does not exist."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "does_not_exist": "Nobody with the number {pk_value} is a member of the organization."
    }

    def __init__(self, **kwargs: Any):
        super().__init__(**{"queryset": User.objects.all(), "required": False, "allow_null": True, **kwargs})

    def get_queryset(self) -> Any:
        organization = self.context.get("organization")
        return User.objects.filter(memberships__organization=organization, is_active=True).distinct()


class OperationsViewSet(ApiViewSet):
    """404 with a reason (`operations_off`) where the installation has them switched off."""

    tag = "operations"
    may_be_off = True

    def find_parents(self) -> None:
        super().find_parents()
        require_operations()
