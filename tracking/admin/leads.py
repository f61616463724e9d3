"""The page of a lead with everything we know: its fields, its campaigns, and what happened."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from campaigns.admin.persons import PersonPages
from campaigns.admin.working import SetStatus, WriteNote
from campaigns_project.accounts.admin.dialogs import dialog_action
from campaigns_project.accounts.roles import Role
from leads.admin.people import LeadAdmin
from leads.models import Lead
from tracking.admin import merging
from tracking.admin.lead_acts import (
    AddToCampaign,
    DeEnrollEverywhere,
    NoteBooking,
    NoteReply,
    SuppressLead,
    TakeBackBooking,
)
from tracking.admin.lead_list import ContactFilter, InCampaignFilter, LeadList, NotInCampaignFilter
from tracking.admin.lead_story import older, story


@admin.register(Lead)
class LeadPageAdmin(PersonPages, LeadList, LeadAdmin):
    """The list with campaigns, last mail and last reply, and the page with what happened beside the form."""

    list_display = [
        "pick", "person", "state", "company", "tag_names", "campaign_count", "last_contacted", "last_reply", "source",
    ]  # fmt: skip
    list_filter = [*LeadAdmin.list_filter[:-1], InCampaignFilter, NotInCampaignFilter, ContactFilter,
                   LeadAdmin.list_filter[-1]]  # fmt: skip
    list_display_links = ["person"]
    change_form_outer_before_template = "tracking/admin/lead_head.html"
    change_form_outer_after_template = "tracking/admin/lead_story.html"
    actions_detail = [
        "add_to_campaign", "note_reply", "note_booking", "take_back_booking", "write_note", "set_status",
        "de_enroll_everywhere", "suppress", *LeadAdmin.actions_detail,
    ]  # fmt: skip

    add_to_campaign = dialog_action(AddToCampaign)
    write_note = dialog_action(WriteNote)
    set_status = dialog_action(SetStatus)
    note_reply = dialog_action(NoteReply)
    note_booking = dialog_action(NoteBooking)
    take_back_booking = dialog_action(TakeBackBooking)
    de_enroll_everywhere = dialog_action(DeEnrollEverywhere)
    suppress = dialog_action(SuppressLead)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("<path:object_id>/timeline/", view(self.timeline_view), name="leads_lead_timeline"),
            path("<path:object_id>/merge/", view(self.merge_view), name="leads_lead_merge"),
            *super().get_urls(),
        ]

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
