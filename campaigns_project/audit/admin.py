"""The audit log in the admin: read, never written."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter, FieldTextFilter, RangeDateTimeFilter
from unfold.decorators import display

from campaigns_project.accounts.admin.base import ReadOnlyAdmin
from campaigns_project.audit.models import AuditLog


@admin.register(AuditLog)
class AuditLogAdmin(ReadOnlyAdmin):
    # The values to filter by are typed, not listed: a list of all actions would count over every organization's rows.
    list_display = ["created_at", "who", "action", "what", "reason", "via"]
    list_filter = [
        ("actor_kind", ChoicesDropdownFilter),
        ("action", FieldTextFilter),
        ("entity_type", FieldTextFilter),
        ("created_at", RangeDateTimeFilter),
    ]
    search_fields = ["action", "=entity_id", "actor_name", "=request_id"]
    search_help_text = "Action, number of the object, name of the actor, or request id"
    fieldsets = [
        (None, {"fields": ["created_at", "action", "what", "reason"]}),
        ("Who", {"fields": ["actor_kind", "actor_name", "via", "ip_address", "request_id"]}),
        ("What changed", {"fields": ["before", "after"]}),
    ]
    empty_text = "Nothing has been done here yet. Every act of a person, key or command leaves a line."

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["created_at", "what", *super().get_readonly_fields(request, obj)]

    @display(description="Who", ordering="actor_name")
    def who(self, entry: AuditLog) -> str:
        return entry.actor_name

    @display(description="What")
    def what(self, entry: AuditLog) -> str:
        return f"{entry.entity_type} {entry.entity_id} {entry.entity_name}".strip()
