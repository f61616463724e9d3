"""What came in and what became of it: lists to look things up in. None of these rows is a lead."""

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from campaigns_project.accounts.admin.base import ReadOnlyAdmin
from leads.admin.problems import OfImport
from leads.models import LeadEnrichment, RawLead, StagedLead


@admin.register(RawLead)
class RawLeadAdmin(ReadOnlyAdmin):
    list_display = ["id", "external_id", "lead_import", "row_number", "received_at"]
    list_filter = [OfImport]
    list_select_related = ["lead_import"]
    search_fields = ["=external_id", "=id"]
    fields = ["external_id", "lead_import", "row_number", "campaign_id", "received_at", "payload"]
    empty_text = "Nothing has come in yet, or it was removed with its import."


@admin.register(StagedLead)
class StagedLeadAdmin(ReadOnlyAdmin):
    list_display = ["row_number", "email_normalized", "status", "problem_message", "lead_import", "staged_at"]
    list_filter = [OfImport, ("status", ChoicesDropdownFilter)]
    list_select_related = ["lead_import"]
    search_fields = ["email_normalized", "=problem_code", "=id"]
    fields = [
        "raw_lead",
        "status",
        "email_normalized",
        "fields",
        "problem_code",
        "problem_column",
        "problem_message",
        "lead",
        "campaign_id",
        "staged_at",
        "promoted_at",
    ]
    empty_text = "Nothing has come in yet, or it was removed for its age."


@admin.register(LeadEnrichment)
class LeadEnrichmentAdmin(ReadOnlyAdmin):
    list_display = ["id", "staged_lead", "provider", "model", "created_at"]
    list_select_related = ["staged_lead"]
    search_fields = ["=provider", "=id"]
    fields = ["staged_lead", "provider", "model", "result", "error_message", "campaign_id", "created_at"]
    empty_text = "No service has added anything yet."
