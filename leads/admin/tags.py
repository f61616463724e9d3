"""The admin pages of tags."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from unfold.decorators import display
from unfold.widgets import UnfoldAdminColorInputWidget, UnfoldAdminSelectWidget

from campaigns_project.accounts.admin.base import ReadOnlyAdmin, ScopedAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, RemovalDialog, dialog_action
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter
from campaigns_project.accounts.admin.forms import ScopedForm
from campaigns_project.accounts.roles import Role
from campaigns_project.errors import Refused
from leads.models import LeadTag, Tag
from leads.segments.uses import told, users_of_tag
from leads.tagging import refuse_separator
from leads.tags import merge_tags, remove_tag

USERS_SHOWN = 10  # on a tag's page; dialogs tell fewer


class TagForm(ScopedForm):
    class Meta:
        widgets = {"color": UnfoldAdminColorInputWidget}

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if "name" in self.changed_data:  # one from earlier days may still get another color
            try:
                refuse_separator(name, field="name")
            except Refused as refused:
                raise forms.ValidationError(str(refused)) from None
        return name


class MergeTag(ActDialog):
    needs = Role.MANAGER
    label = "Merge"
    icon = "merge"
    is_final = True
    submit_text = "Merge tags"

    into = forms.ModelChoiceField(Tag.objects.none(), widget=UnfoldAdminSelectWidget, empty_label="Choose one")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        others = Tag.objects.for_organization(self.object.organization).exclude(pk=self.object.pk)
        self.fields["into"].queryset = others

    @property
    def title(self) -> str:
        return f"Merge “{self.object}” into another tag"

    @property
    def description(self) -> str:
        asking = users_of_tag(self.object)
        also = f" What asks for it asks for the other one then: {told(asking)}." if asking else ""
        return f"{self.object.lead_tags.count():,} leads get the other tag, and this one is gone.{also}"

    def act(self) -> str:
        name, into = str(self.object), self.cleaned_data["into"]
        moved = merge_tags(tag=self.object, into=into, actor=self.actor)
        self.object = into
        return f"“{name}” is “{into}” now; {moved:,} leads got it."


class DeleteTag(RemovalDialog):
    needs = Role.MANAGER
    label = "Delete tag"
    noun = "tag"
    title = "Delete this tag?"
    submit_text = "Delete tag"

    @property
    def description(self) -> str:
        if self.users:
            return f"It is asked for by {told(self.users)}: change their rules first, or merge it into another tag."
        return f"“{self.object}” comes off {self.object.lead_tags.count():,} leads. The leads stay."

    @cached_property
    def users(self) -> list[str]:
        return users_of_tag(self.object)

    @property
    def is_blocked(self) -> bool:
        return bool(self.users)

    def remove(self) -> None:
        remove_tag(tag=self.object, actor=self.actor)


@admin.register(Tag)
class TagAdmin(ScopedAdmin):
    form = TagForm
    list_display = ["label", "leads", "organization", "created_at"]
    list_filter = [("organization", ScopedRelatedFilter)]
    list_select_related = ["organization"]
    search_fields = ["name"]
    fields = ["organization", "name", "color", "leads", "used_by", "created_at"]
    readonly_fields = ["leads", "used_by", "created_at"]
    empty_text = "A tag is a word you put on leads, to find them again and to enroll them together."
    actions_detail = ["merge", "delete_tag"]

    merge = dialog_action(MergeTag)
    delete_tag = dialog_action(DeleteTag)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj else self.fields[:3]

    def get_queryset(self, request: HttpRequest) -> Any:
        counts = LeadTag.objects.filter(tag=OuterRef("pk")).order_by().values("tag").annotate(n=Count("pk")).values("n")
        return super().get_queryset(request).annotate(lead_count=Coalesce(Subquery(counts), 0))

    @display(description="Tag", ordering="name")
    def label(self, tag: Tag) -> str:
        return format_html(
            '<span class="fl-dot" style="background:{}" aria-hidden="true"></span>{}', tag.color, tag.name
        )

    @display(description="Leads", ordering="lead_count")
    def leads(self, tag: Tag) -> str:
        url = reverse("admin:leads_lead_changelist")
        number: int = tag.lead_count  # type: ignore[attr-defined]
        return format_html('<a class="text-link" href="{}?tag={}">{}</a>', url, tag.pk, f"{number:,}")

    @display(description="Used by")
    def used_by(self, tag: Tag) -> str:
        return told(users_of_tag(tag), USERS_SHOWN) or "nothing yet"


@admin.register(LeadTag)
class LeadTagAdmin(ReadOnlyAdmin):
    """To look things up in; tags are put on leads on the lead's page."""

    list_display = ["lead", "tag"]
    list_select_related = ["lead", "tag"]
    search_fields = ["=tag__name"]
