"""The list of ranked leads, on the campaign's tab."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.decorators import display

from campaigns.admin.filters import OfCampaign
from campaigns.admin.tabs import InCampaignTabs
from campaigns.models import LeadRanking
from campaigns_project.accounts.admin.base import ReadOnlyAdmin


@admin.register(LeadRanking)
class LeadRankingAdmin(InCampaignTabs, ReadOnlyAdmin):
    tab = "Ranking"
    list_display = ["rank", "person", "campaign", "score", "why", "computed_at"]
    list_display_links = None
    list_filter = [OfCampaign]
    list_select_related = ["lead", "campaign"]
    list_before_template = "campaigns/admin/ranking_before.html"
    ordering = ["rank"]
    sortable_by = ["rank"]
    fields = ["rank", "lead", "campaign", "score", "why", "computed_at"]
    readonly_fields = ["why"]
    empty_text = "Nobody is ranked yet. Give rules their points, then rank the leads: enrollment can take the best."

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {"title": "Ranking", **(extra_context or {})})

    @display(description="Lead")
    def person(self, row: LeadRanking) -> str:
        page = reverse("admin:leads_lead_change", args=[row.lead_id])
        return format_html('<a class="text-link" href="{}">{}</a>', page, row.lead)

    @display(description="Why")
    def why(self, row: LeadRanking) -> str:
        reasons = sorted(row.reasons.items(), key=lambda each: -each[1])
        said = ((words, f"{points:+,}") for words, points in reasons)
        return format_html_join("", '<span class="fl-pair">{} <b>{}</b></span>', said) or "no rule fits"
