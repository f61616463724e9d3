"""The admin pages of segments: rules as a form, how many they give, frozen lists."""

import json
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import path, reverse, reverse_lazy
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from campaigns_project.accounts.admin.base import ReadOnlyAdmin, ScopedAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, RemovalDialog, dialog_action
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter
from campaigns_project.accounts.admin.forms import ScopedForm
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import moment
from campaigns_project.audit.actors import Actor
from campaigns_project.counting import count
from campaigns_project.errors import Refused
from campaigns_project.keys import key_of
from leads.admin.rule_builder import Builder, RulesWidget, organization_of, stored, told_once, typed
from leads.models import Segment, SegmentMember
from leads.segments.errors import RuleRefused
from leads.segments.keeping import (
    change_segment,
    check_rules,
    freeze_segment,
    make_segment,
    remove_segment,
    unfreeze_segment,
)
from leads.segments.members import matching, members
from leads.segments.uses import Use, told, uses_of
from leads.segments.words import in_words, words_of

BUILDER = Builder(
    url=reverse_lazy("admin:leads_segment_builder"), count_url=reverse_lazy("admin:leads_segment_count_draft")
)
USES_SHOWN = 20  # on a segment's page
FIELDS = ["name", "description", "rules"]


class RulesField(forms.Field):
    """Rules, by the builder or as one JSON text. Whether they can be asked is for the form: it knows whose they are."""

    widget = RulesWidget

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else json.dumps(value or {})

    def to_python(self, value: Any) -> Any:
        try:
            return json.loads(value) if isinstance(value, str) and value else value or {}
        except ValueError:
            raise forms.ValidationError("This is not JSON.") from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return (initial or {}) != self.to_python(data)
        except forms.ValidationError:
            return True


class SegmentForm(ScopedForm):
    """A question about leads, and what it is called."""

    rules = RulesField(required=False)

    class Meta:
        widgets = {"description": UnfoldAdminTextareaWidget({"rows": 2})}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if "rules" in self.fields:
            self._widget.builder = BUILDER
            self._widget.organization = self._home(self.data.get("organization"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        home = cleaned.get("organization") or (self.instance.organization if self.instance.pk else None)
        if home and "rules" in cleaned:
            try:
                read = check_rules(home, cleaned["rules"], segment=self.instance if self.instance.pk else None)
                cleaned["rules"] = read.as_json()
            except RuleRefused as refused:
                self._widget.refused = refused
                self.add_error("rules", told_once(refused, stored(cleaned["rules"])))
        return cleaned

    def in_words(self, name: str, value: Any) -> str:
        if name != "rules":
            return super().in_words(name, value)
        try:
            home = self.instance.organization
            return in_words(home.pk, check_rules(home, self.fields["rules"].to_python(value), segment=self.instance))
        except (Refused, forms.ValidationError):
            return "rules that cannot be asked yet"

    @property
    def _widget(self) -> RulesWidget:
        return self.fields["rules"].widget

    def _home(self, typed_key: Any) -> Organization | None:
        if self.instance.pk:
            return self.instance.organization
        field: Any = self.fields.get("organization")
        if field is None:
            return None
        key = key_of(str(typed_key or getattr(field.initial, "pk", "")))
        return None if key is None else field.queryset.filter(pk=key).first()


class FreezeSegment(ActDialog):
    needs = Role.OPERATOR
    label = "Freeze"
    icon = "ac_unit"
    title = "Freeze this segment?"
    description = "Its members stay as they are now, whatever becomes of the leads, until it is unfrozen."
    submit_text = "Freeze members"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.frozen_at is None and super().offered(request, obj)

    def act(self) -> str:
        number = freeze_segment(segment=self.object, actor=self.actor, now=self.now)
        return f"{self.object} is frozen with {number:,} lead{'' if number == 1 else 's'}."


class UnfreezeSegment(ActDialog):
    needs = Role.OPERATOR
    label = "Unfreeze"
    icon = "water_drop"
    title = "Ask the rules anew from now on?"
    description = "The list it was frozen with is gone then."
    submit_text = "Unfreeze"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.frozen_at is not None and super().offered(request, obj)

    def act(self) -> str:
        unfreeze_segment(segment=self.object, actor=self.actor, now=self.now)
        return f"{self.object} is asked anew each time."


class RemoveSegment(RemovalDialog):
    needs = Role.MANAGER
    label = "Delete segment"
    noun = "segment"
    title = "Delete this segment?"
    submit_text = "Delete segment"

    @property
    def description(self) -> str:
        if self.is_blocked:
            keeping = [use.name for use in self.uses if use.keeps]
            return f"It is asked for by {told(keeping)}: change their rules first."
        used = f" It is used by {told([use.name for use in self.uses])}." if self.uses else ""
        return f"The question is forgotten; the leads stay.{used}"

    @cached_property
    def uses(self) -> list[Use]:
        return uses_of(self.object)

    @property
    def is_blocked(self) -> bool:
        return any(use.keeps for use in self.uses)

    def remove(self) -> None:
        remove_segment(segment=self.object, actor=self.actor)


@admin.register(Segment)
class SegmentAdmin(ScopedAdmin):
    form = SegmentForm
    list_display = ["name", "question", "kind", "organization", "updated_at"]
    list_filter = [("organization", ScopedRelatedFilter)]
    list_select_related = ["organization"]
    search_fields = ["name"]
    readonly_fields = ["in_words", "size", "kind", "used_by", "created_by"]
    fieldsets = [
        (None, {"fields": ["organization", "name", "description"]}),
        ("Whom it means", {"fields": ["rules"]}),
        ("As it is saved", {"fields": ["in_words", "size", "kind", "used_by", "created_by"]}),
    ]
    empty_text = "A segment is a saved question about leads: who is vip and was not written to for a month."
    actions_detail = ["freeze", "unfreeze", "remove"]

    freeze = dialog_action(FreezeSegment)
    unfreeze = dialog_action(UnfreezeSegment)
    remove = dialog_action(RemoveSegment)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("builder/", view(self.builder_view), name="leads_segment_builder"),
            path("count/", view(self.count_view), name="leads_segment_count_draft"),
            *super().get_urls(),
        ]

    def builder_view(self, request: HttpRequest) -> HttpResponse:
        """The rules' form after one of its own buttons. A POST for its length; writes nothing."""
        return BUILDER.respond(request) if request.method == "POST" else HttpResponseNotAllowed(["POST"])

    def count_view(self, request: HttpRequest) -> HttpResponse:
        """How many leads the rules in the form give, and what they say. Writes nothing either."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        home, context = organization_of(request), {}
        if home is not None:
            try:
                rules = check_rules(home, typed(request.POST).as_json())
                found = count(matching(home, rules, now=timezone.now()))
                context = {"count": found, "words": in_words(home.pk, rules)}
            except Refused:
                context = {}  # it is still being typed; saving says what is wrong
        return render(request, "leads/admin/rules_count.html", context)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return self.fieldsets[:2]
        may_edit = self.has_change_permission(request, obj) and obj.frozen_at is None
        return self.fieldsets if may_edit else [self.fieldsets[0], self.fieldsets[2]]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        self.require(request, "change" if change else "add", obj)
        values = {name: form.cleaned_data[name] for name in FIELDS if name in form.changed_data or not change}
        values = {name: value for name, value in values.items() if name in form.cleaned_data}
        actor = Actor.of_request(request, via="admin")
        if change and values:
            stored = Segment.objects.get(pk=obj.pk)
            change_segment(segment=stored, changes=values, actor=actor)
        elif not change:
            made = make_segment(organization=obj.organization, created_by=request.user, actor=actor, **values)  # type: ignore[arg-type]
            obj.pk = made.pk

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        shown = super().get_changelist_instance(request)
        words = words_of(shown.result_list)
        for segment in shown.result_list:
            segment.words = words[segment.pk]
        return shown

    @display(description="Whom it means")
    def question(self, segment: Segment) -> str:
        return format_html('<span class="fl-break">{}</span>', segment.words)  # type: ignore[attr-defined]

    @display(description="In words")
    def in_words(self, segment: Segment) -> str:
        return words_of([segment])[segment.pk]

    @display(description="Members")
    def kind(self, segment: Segment) -> str:
        if segment.frozen_at is None:
            return "by the rules, always"
        return format_html("frozen {}", moment(segment.frozen_at))

    @display(description="Leads now")
    def size(self, segment: Segment) -> str:
        try:
            found = count(members(segment, now=timezone.now()))
        except RuleRefused as refused:
            return str(refused)
        url = f"{reverse('admin:leads_lead_changelist')}?segment={segment.pk}"
        return format_html('<a class="text-link" href="{}">{}</a>', url, found)

    @display(description="Used by")
    def used_by(self, segment: Segment) -> str:
        pages = {"segment": "admin:leads_segment_change", "campaign": "admin:campaigns_campaign_change"}
        uses = uses_of(segment)
        shown = ((reverse(pages[use.kind], args=[use.number]), f"{use.kind} {use.name}") for use in uses[:USES_SHOWN])
        links = format_html_join(", ", '<a class="text-link" href="{}">{}</a>', shown)
        more = f" and {len(uses) - USES_SHOWN:,} more" if len(uses) > USES_SHOWN else ""
        return format_html("{}{}", links, more) if uses else "nothing yet"


@admin.register(SegmentMember)
class SegmentMemberAdmin(ReadOnlyAdmin):
    """To look things up in; a segment is frozen on its page."""

    list_display = ["lead", "segment"]
    list_select_related = ["lead", "segment"]
    search_fields = ["=segment__name"]
