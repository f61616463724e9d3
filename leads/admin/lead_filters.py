"""What the list of leads can be narrowed by, as far as this app knows; each filter is one that an index serves."""

from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter, TextFilter

from campaigns_project.accounts.admin.filters import ByParameter
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.models import Organization
from leads.models import LeadImport, Segment, Tag
from leads.segments.asking import Asking
from leads.segments.errors import RuleRefused
from leads.segments.fields import find_field
from leads.segments.members import members_among

MARKS = (("is_role", "Role address"), ("is_disposable", "Disposable"), ("is_catch_all", "Catch-all domain"))
OF_IMPORT = "leads.id = ANY(ARRAY(SELECT id FROM leads WHERE lead_import_id = %s))"


class TagFilter(ByParameter):
    title = "tag"
    parameter_name = "tag"

    def rows(self, request: HttpRequest) -> Any:
        return held_roles(request).scope(Tag.objects.all())

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if not self.value():
            return queryset
        if self.value() not in {key for key, _ in self.lookup_choices}:
            raise Http404(f"There is no {self.title} {self.value()}.")
        return self.narrowed(queryset, self.value())

    def narrowed(self, leads: Any, tag: Any) -> Any:
        """`leads` by the tag that is chosen."""
        return leads.tagged(tag)


class AndTagFilter(TagFilter):
    title = "a second tag"
    parameter_name = "and_tag"


class WithoutTagFilter(TagFilter):
    title = "a tag they do not have"
    parameter_name = "without_tag"

    def narrowed(self, leads: Any, tag: Any) -> Any:
        return leads.tagged_none([tag])


class SegmentFilter(TagFilter):
    title = "segment"
    parameter_name = "segment"

    def rows(self, request: HttpRequest) -> Any:
        return held_roles(request).scope(Segment.objects.all())

    def narrowed(self, leads: Any, tag: Any) -> Any:
        segment = Segment.objects.get(pk=tag)
        try:
            return members_among(leads, segment, now=timezone.now())
        except RuleRefused:
            return leads.none()  # its own page says what is wrong with it


class ImportFilter(ByParameter):
    title = "import"
    parameter_name = "import"
    path = "lead_import"

    def rows(self, request: HttpRequest) -> Any:
        return held_roles(request).scope(LeadImport.objects.all())

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        # Their numbers first, through the index of imports: the planner would look for them among all leads, newest
        # first, and those of an old import lie at the other end.
        narrowed = super().queryset(request, queryset)
        return narrowed.extra(where=[OF_IMPORT], params=[self.value()]) if self.value() else narrowed  # noqa: S610 - a text of our own


class DomainFilter(TextFilter):
    title = "domain of the address"
    parameter_name = "domain"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        asked = (self.value() or "").strip().lstrip("@").lower()
        return queryset.filter(domain=asked) if asked else queryset


class CustomFilter(TextFilter):
    """`plan=gold`; without a value, whoever has such a field."""

    title = "further field (name=value)"
    parameter_name = "custom"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        name, equals, value = (self.value() or "").partition("=")
        if not name.strip():
            return queryset
        if not equals:
            return queryset.filter(custom__has_key=name.strip())
        return queryset.filter(custom__contains={name.strip(): value.strip()})


class MarkFilter(DropdownFilter):
    """What the address looks like."""

    title = "what the address looks like"
    parameter_name = "mark"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return MARKS

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(**{self.value(): True}) if self.value() in dict(MARKS) else queryset


class SuppressedFilter(DropdownFilter):
    """Who is never to be written to: what a segment asks, of each organization the user may see."""

    title = "whether they are suppressed"
    parameter_name = "suppressed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("yes", "Suppressed"), ("no", "Not suppressed"))

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() not in ("yes", "no"):
            return queryset
        held, now = held_roles(request), timezone.now()
        homes = Organization.objects.values_list("pk", flat=True) if held.everywhere else held.organization_ids()
        field = find_field("suppressed", "")
        of_each = [Q(organization=home) & field.condition("is", None, Asking(home, now)) for home in homes]
        forbidden = Q.create([Q(pk__in=[]), *of_each], connector=Q.OR)
        return queryset.filter(forbidden if self.value() == "yes" else ~forbidden)
