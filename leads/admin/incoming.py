"""What came in and what became of it: lists to look things up in. None of these rows is a lead.

There are millions of them: they are found by what an index knows, and by no part of a text.
"""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from campaigns_project.accounts.admin.base import ReadOnlyAdmin
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.templatetags.fairlead import chip
from leads.admin.problems import OfImport
from leads.models import ImportSource, Lead, LeadEnrichment, RawLead, StagedLead, StagedStatus

_CHIPS: dict[str, str] = {
    StagedStatus.STAGED: "queued",
    StagedStatus.PROMOTED: "succeeded",
    StagedStatus.PROBLEM: "warn",
}


@admin.register(RawLead)
class RawLeadAdmin(ReadOnlyAdmin):
    list_display = ["id", "external_id", "lead_import", "row_number", "received_at"]
    list_filter = [OfImport]
    list_select_related = ["lead_import"]
    search_fields = ["id__exact", "external_id__exact"]
    search_help_text = "Its number, or the provider's own"
    fields = ["external_id", "lead_import", "row_number", "campaign_id", "received_at", "payload"]
    empty_text = "Nothing has come in yet, or it was removed with its import."

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        term = search_term.strip()
        of_providers = Q(external_id=term) & ~Q(lead_import__source__in=ImportSource.in_parts)
        return queryset.filter(_numbered(term) or of_providers) if term else queryset, False


@admin.register(StagedLead)
class StagedLeadAdmin(ReadOnlyAdmin):
    list_display = ["row_number", "email_normalized", "state", "problem_message", "lead_import", "staged_at"]
    list_filter = [OfImport, ("status", ChoicesDropdownFilter)]
    list_select_related = ["lead_import"]
    search_fields = ["pk__exact", "lead__email_normalized__exact", "problem_code__exact"]
    search_help_text = "Its number, the whole address of its lead, or the code of its problem"
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

    @display(description="Status")
    def state(self, staged: StagedLead) -> str:
        return chip(_CHIPS[staged.status], staged.get_status_display())

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        term = search_term.strip()
        leads = held_roles(request).scope(Lead.objects.filter(email_normalized=term.lower()))
        in_words = Q(lead__in=leads) if "@" in term else Q(status=StagedStatus.PROBLEM, problem_code=term)
        return queryset.filter(_numbered(term) or in_words) if term else queryset, False


@admin.register(LeadEnrichment)
class LeadEnrichmentAdmin(ReadOnlyAdmin):
    list_display = ["id", "staged_lead", "provider", "model", "created_at"]
    list_select_related = ["staged_lead__lead_import"]
    search_fields = ["id__exact"]
    search_help_text = "Its number"
    fields = ["staged_lead", "provider", "model", "result", "error_message", "campaign_id", "created_at"]
    empty_text = "No service has added anything yet."


def _numbered(term: str) -> Q:
    """The row of that number; nothing where the text is none."""
    return Q(pk=int(term)) if term.isascii() and term.isdigit() and len(term) < 19 else Q()
