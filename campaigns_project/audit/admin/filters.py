"""Filters of the audit log. Values are typed, not listed: a list of all would count over every organization's rows."""

from typing import Any, ClassVar

from django.http import HttpRequest
from unfold.contrib.filters.admin import TextFilter

from campaigns_project.accounts.admin.filters import ByParameter
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role


class Typed(TextFilter):
    """Rows whose column begins with what was typed."""

    lookup: ClassVar[str] = "startswith"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        typed = (self.value() or "").strip().replace("\x00", "")
        return queryset.filter(**{f"{self.parameter_name}__{self.lookup}": typed}) if typed else queryset


class Action(Typed):
    title = "action (or how it begins)"
    parameter_name = "action"


class Who(Typed):
    title = "who (or how the name begins)"
    parameter_name = "actor_name"


class Kind(Typed):
    title = "kind of object"
    parameter_name = "entity_type"
    lookup = "exact"


class Number(Typed):
    title = "number of the object"
    parameter_name = "entity_id"
    lookup = "exact"


class Via(Typed):
    title = "way (admin, api, a command)"
    parameter_name = "via"
    lookup = "exact"


class OfRequest(Typed):
    title = "request id"
    parameter_name = "request_id"
    lookup = "exact"


class OfOrganization(ByParameter):
    """For those who are in several."""

    title = "organization"
    parameter_name = "organization"
    path = "organization_ref"

    def rows(self, request: HttpRequest) -> Any:
        return held_roles(request).scope(Organization.objects.all(), Role.MANAGER)

    def has_output(self) -> bool:
        return len(self.lookup_choices) > 1
