"""The page of a lead with everything we know: its fields, its campaigns, and what happened."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from unfold.decorators import display

from campaigns.admin.working import SetStatus, WriteNote
from campaigns.models import Recipient
from campaigns_project.accounts.admin.dialogs import dialog_action
from campaigns_project.accounts.roles import Role
from leads.admin.people import LeadAdmin
from leads.models import Lead
from tracking.admin import merging
from tracking.admin.lead_acts import AddToCampaign, DeEnrollEverywhere, SuppressLead
from tracking.admin.lead_story import older, story


@admin.register(Lead)
class LeadPageAdmin(LeadAdmin):
    """The list with a column of campaigns, and the page with what happened beside the form."""

    list_display = [*LeadAdmin.list_display[:-1], "campaign_count", "created_at"]
    change_form_outer_before_template = "tracking/admin/lead_head.html"
    change_form_outer_after_template = "tracking/admin/lead_story.html"
    actions_detail = [
        "add_to_campaign", "write_note", "set_status", "de_enroll_everywhere", "suppress", *LeadAdmin.actions_detail,
    ]  # fmt: skip

    add_to_campaign = dialog_action(AddToCampaign)
    write_note = dialog_action(WriteNote)
    set_status = dialog_action(SetStatus)
    de_enroll_everywhere = dialog_action(DeEnrollEverywhere)
    suppress = dialog_action(SuppressLead)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("<path:object_id>/timeline/", view(self.timeline_view), name="leads_lead_timeline"),
            path("<path:object_id>/merge/", view(self.merge_view), name="leads_lead_merge"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> Any:
        inside = Recipient.objects.living().inside().filter(lead=OuterRef("pk")).order_by()
        counts = inside.values("lead").annotate(n=Count("pk")).values("n")
        rows = super().get_queryset(request).annotate(campaigns_in=Coalesce(Subquery(counts), 0))
        return rows.select_related("organization", "lead_import")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        lead = self.object_or_404(request, object_id)
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **story(request, lead)})

    def timeline_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What is older than the page shows so far, as a fragment."""
        lead = self.object_or_404(request, object_id)
        return render(request, "tracking/admin/timeline.html", {"original": lead, **older(request, lead)})

    def merge_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Another lead put into this one: chosen, looked at, done."""
        return merging.merge_page(self, request, self.object_or_404(request, object_id, Role.MANAGER))

    @display(description="Campaigns", ordering="campaigns_in")
    def campaign_count(self, lead: Lead) -> str:
        count = lead.campaigns_in  # type: ignore[attr-defined]
        return f"{count} active" if count else "—"
