"""The admin pages of tags."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display
from unfold.widgets import UnfoldAdminColorInputWidget

from campaigns_project.accounts.admin.base import ReadOnlyAdmin, ScopedAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, dialog_action
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter
from campaigns_project.accounts.admin.forms import ScopedForm
from campaigns_project.accounts.roles import Role
from leads.models import LeadTag, Tag


class TagForm(ScopedForm):
    class Meta:
        widgets = {"color": UnfoldAdminColorInputWidget}


class DeleteTag(ActDialog):
    needs = Role.MANAGER
    label = "Delete tag"
    icon = "delete"
    is_final = True
    title = "Delete this tag?"
    submit_text = "Delete tag"

    @property
    def description(self) -> str:
        return f"“{self.object}” comes off {self.object.lead_tags.count()} leads. The leads stay."

    def act(self) -> str:
        name = str(self.object)
        with transaction.atomic():
            self.admin.record(self.request, self.object, "deleted")
            self.object.delete()
        self.object = None
        return f"The tag {name} was deleted."


@admin.register(Tag)
class TagAdmin(ScopedAdmin):
    form = TagForm
    list_display = ["label", "leads", "organization", "created_at"]
    list_filter = [("organization", ScopedRelatedFilter)]
    list_select_related = ["organization"]
    search_fields = ["name"]
    fields = ["organization", "name", "color", "created_at"]
    readonly_fields = ["created_at"]
    empty_text = "A tag is a word you put on leads, to find them again and to enroll them together."
    actions_detail = ["delete_tag"]

    delete_tag = dialog_action(DeleteTag)

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
        return format_html('<a class="text-link" href="{}?tag={}">{}</a>', url, tag.pk, tag.lead_count)  # type: ignore[attr-defined]


@admin.register(LeadTag)
class LeadTagAdmin(ReadOnlyAdmin):
    """To look things up in; tags are put on leads on the lead's page."""

    list_display = ["lead", "tag"]
    list_select_related = ["lead", "tag"]
    search_fields = ["=tag__name"]
