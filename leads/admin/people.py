"""The admin pages of leads, as far as this app knows them; `tracking.admin` adds their campaigns and what happened."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.validators import URLValidator
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from campaigns_project.accounts.admin.base import ScopedAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, dialog_action
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter, titled
from campaigns_project.accounts.admin.forms import ScopedForm
from campaigns_project.accounts.admin.zones import ZoneField
from campaigns_project.accounts.templatetags.fairlead import chip
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import Refused
from leads.addresses import read_address
from leads.admin.lead_filters import (
    MARKS,
    AndTagFilter,
    CustomFilter,
    DomainFilter,
    ImportFilter,
    MarkFilter,
    SegmentFilter,
    SuppressedFilter,
    TagFilter,
    WithoutTagFilter,
)
from leads.admin.pages import LeadPages, Place, read_page
from leads.changing import changing
from leads.imports.fields import CUSTOM_KEY_MAX, CUSTOM_VALUE_MAX, custom_key
from leads.models import ChangeSource, Lead, LeadStatus
from leads.removal import remove_lead
from leads.suppression import require_free, suppressed_among, taking
from leads.tagging import set_tags

TAG_MAX = 60
TAGS_SHOWN = 4  # of one lead in a list; the others are counted


def names_of_tags(typed: str) -> list[str]:
    """What stands between the commas. Raises ValidationError for a name that is too long."""
    names = [name.strip() for name in typed.split(",") if name.strip()]
    too_long = next((name for name in names if len(name) > TAG_MAX), None)
    if too_long:
        raise forms.ValidationError(f"“{too_long[:30]}…” is too long: a tag has at most {TAG_MAX} characters.")
    return names


class LeadForm(ScopedForm):
    """A person, by hand. The address decides who it is."""

    tags = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Separated by commas. A tag that does not exist yet is made.",
    )
    custom_lines = forms.CharField(
        label="Further fields",
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 4}),
        help_text="One a line, such as “stand: B 12”. Templates use them as {{ custom.stand }}.",
    )

    timezone = ZoneField(required=False, empty_label="Not known")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name in {"website", "linkedin_url"} & set(self.fields):
            sentence = "Write the whole address, such as https://acme.example."
            self.fields[name].validators.append(URLValidator(schemes=["http", "https"], message=sentence))
        if self.instance.pk and "tags" in self.fields:
            names = self.instance.lead_tags.values_list("tag__name", flat=True)
            self.fields["tags"].initial = ", ".join(sorted(names))
            self.fields["custom_lines"].initial = "\n".join(f"{k}: {v}" for k, v in self.instance.custom.items())

    def clean_email(self) -> str:
        try:
            email, self.instance.email_normalized = read_address(self.cleaned_data["email"])
        except Refused as refused:
            raise forms.ValidationError(str(refused)) from None
        return email

    def clean_tags(self) -> list[str]:
        return names_of_tags(self.cleaned_data["tags"])

    def clean_custom_lines(self) -> str:
        lines = [line for line in self.cleaned_data["custom_lines"].splitlines() if line.strip()]
        fields = dict(_custom_field(line) for line in lines)
        self.instance.custom = {key: text for key, text in fields.items() if text}  # as an import and the API do
        return self.cleaned_data["custom_lines"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        organization = cleaned.get("organization") or (self.instance.organization if self.instance.pk else None)
        if organization and self.instance.email_normalized and "email" not in self.errors:
            same = Lead.objects.filter(organization=organization, email_normalized=self.instance.email_normalized)
            if same.exclude(pk=self.instance.pk).exists():
                self.add_error("email", f"{organization} has a lead with this address already.")
            try:
                require_free(organization.pk, self.instance.email_normalized, lead_id=self.instance.pk or 0)
            except Refused as refused:
                self.add_error("email", str(refused))
        return cleaned


class RemoveLead(ActDialog):
    label = "Delete lead"
    icon = "delete"
    is_final = True
    title = "Delete this lead?"
    description = (
        "The person and everything known about them is removed. A suppression of the address stays. Whoever has been "
        "in a campaign cannot be removed: the campaign's counts rest on them."
    )
    submit_text = "Delete lead"

    def act(self) -> str:
        name = str(self.object)
        remove_lead(lead=self.object, actor=self.actor)
        self.object = None
        return f"{name} was deleted."


class LeadAdmin(ScopedAdmin):
    """People: a list to find them in, and a page for each."""

    form = LeadForm
    derived_fields = ("email_normalized", "custom")
    list_display = ["person", "state", "company", "tag_names", "created_at"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        SuppressedFilter,
        TagFilter,
        AndTagFilter,
        WithoutTagFilter,
        SegmentFilter,
        ImportFilter,
        ("verification", titled(ChoicesDropdownFilter, "whether the address works")),
        MarkFilter,
        DomainFilter,
        CustomFilter,
        ("organization", ScopedRelatedFilter),
    ]
    list_select_related = ["lead_import"]
    paginator = LeadPages
    sortable_by = ["person"]  # no index knows another order
    search_fields = ["email_normalized"]
    search_help_text = "The start of an address, a name or a company, or a whole domain"
    readonly_fields = ["state", "lead_import", "created_at", "updated_at"]
    add_fieldsets = [
        (None, {"fields": ["organization", "email", ("first_name", "last_name"), ("company", "title"), "tags"]}),
        ("Contact", {"fields": [("phone", "website"), ("linkedin_url"), ("city", "country"), "timezone"]}),
        ("More", {"fields": ["custom_lines"]}),
    ]
    fieldsets = [
        *add_fieldsets[:2],
        ("More", {"fields": ["custom_lines", "state", "lead_import", ("created_at", "updated_at")]}),
    ]
    empty_text = "A lead is a person you may write to. Import a file, or add one by hand."
    empty_first = ("Import a file", "admin:leads_leadimport_add")
    adds_another = True
    actions_detail = ["remove"]

    remove = dialog_action(RemoveLead)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if not obj:
            return self.add_fieldsets
        shown = super().get_fieldsets(request, obj)
        # What only the form knows is nothing to whoever may read and not change.
        return shown if self.has_change_permission(request, obj) else _to_be_read(shown)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("lead_tags__tag")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        return queryset.matching(search_term), False

    def unread_list(self, request: HttpRequest) -> Any:
        """The list at this address, of which no lead is read yet."""
        return super().get_changelist_instance(request)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Who of the page is suppressed is asked once, for all of them."""
        place = Place.taken_from(request)
        shown = self.unread_list(request)
        read_page(shown, place)
        suppressed = suppressed_among(shown.result_list, now=timezone.now())
        for lead in shown.result_list:
            lead.is_suppressed = lead.pk in suppressed
        return shown

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            self._save(request, obj, form, change)
            return
        with changing(lead=obj, source=ChangeSource.PERSON, actor=Actor.of_request(request, via="admin")):
            self._save(request, obj, form, change)

    def _save(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        with taking(obj.organization_id, obj.email_normalized, lead_id=obj.pk or 0):
            super().save_model(request, obj, form, change)
        if "tags" in form.changed_data:
            set_tags(lead=obj, names=form.cleaned_data["tags"])

    def told_apart_by(self, obj: Lead) -> str:
        return obj.email if obj.full_name else ""

    @display(description="Lead", header=True, ordering="email_normalized")
    def person(self, lead: Lead) -> tuple[str, str]:
        return (lead.full_name, lead.email) if lead.full_name else (lead.email, "")

    @display(description="Tags")
    def tag_names(self, lead: Lead) -> str:
        tags = sorted((each.tag for each in lead.lead_tags.all()), key=lambda tag: tag.name)
        dotted = (
            '<span class="fl-chip fl-tag"><span class="fl-tag-dot" style="background: {}"></span><span>{}</span></span>'
        )
        chips = [format_html(dotted, tag.color, tag.name) for tag in tags[:TAGS_SHOWN]]
        others = ", ".join(tag.name for tag in tags[TAGS_SHOWN:])
        more = format_html('<span class="fl-chip" title="{}">+{}</span>', others, len(tags) - TAGS_SHOWN)
        return _chips([*chips, more] if others else chips)

    @display(description="Further fields")
    def further(self, lead: Lead) -> str:
        return "\n".join(f"{key}: {value}" for key, value in lead.custom.items()) or "—"

    @display(description="Time zone")
    def zone(self, lead: Lead) -> str:
        return lead.timezone or "—"

    @display(description="Status")
    def state(self, lead: Lead) -> str:
        """What forbids writing comes first; then what the address looks like."""
        marks = (format_html('<span class="fl-chip">{}</span>', words) for mark, words in MARKS if getattr(lead, mark))
        return _chips([_standing(lead), *marks])


def _to_be_read(fieldsets: Any) -> list[tuple[Any, dict[str, Any]]]:
    read = {"tags": "tag_names", "custom_lines": "further", "timezone": "zone"}
    return [
        (title, {"fields": [read.get(each, each) if isinstance(each, str) else each for each in parts["fields"]]})
        for title, parts in fieldsets
    ]


def _standing(lead: Any) -> SafeString:
    is_suppressed = getattr(lead, "is_suppressed", None)  # known of the leads of a list
    if is_suppressed is None and lead.pk:
        is_suppressed = bool(suppressed_among([lead], now=timezone.now()))
    if is_suppressed and lead.status == LeadStatus.OK:
        return chip("suppressed")
    return chip(lead.status, lead.get_status_display())


def _chips(chips: Iterable[str]) -> SafeString:
    """Side by side, and below each other where there is no room."""
    return format_html('<span class="fl-parts">{}</span>', format_html_join("", "{}", ((each,) for each in chips)))


def _custom_field(line: str) -> tuple[str, str]:
    name, separator, value = line.partition(":")
    key = custom_key(name)[:CUSTOM_KEY_MAX]
    if not separator or not key:
        raise forms.ValidationError(f"“{line[:60]}” is not a field: write it as “name: value”.")
    if len(value.strip()) > CUSTOM_VALUE_MAX:
        raise forms.ValidationError(f"The value of {key} is longer than {CUSTOM_VALUE_MAX:,} characters.")
    return key, value.strip()
