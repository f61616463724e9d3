"""The list of ranked leads, on the campaign's tab."""

from django.contrib import admin
from django.utils.html import format_html_join
from unfold.decorators import display

from campaigns.admin.filters import OfCampaign
from campaigns.admin.tabs import InCampaignTabs
from campaigns.models import LeadRanking
from campaigns_project.accounts.admin.base import ReadOnlyAdmin


@admin.register(LeadRanking)
class LeadRankingAdmin(InCampaignTabs, ReadOnlyAdmin):
    tab = "Ranking"
    list_display = ["rank", "lead", "campaign", "score", "why", "computed_at"]
    list_display_links = None
    list_filter = [OfCampaign]
    list_select_related = ["lead", "campaign"]
    list_before_template = "campaigns/admin/ranking_before.html"
    ordering = ["rank"]
    sortable_by = ["rank"]
    fields = ["rank", "lead", "campaign", "score", "why", "computed_at"]
    readonly_fields = ["why"]
    empty_text = "Nobody is ranked yet. Give rules their points, then rank the leads: enrollment can take the best."

    @display(description="Why")
    def why(self, row: LeadRanking) -> str:
        reasons = sorted(row.reasons.items(), key=lambda each: -each[1])
        said = ((words, f"{points:+,}") for words, points in reasons)
        return format_html_join("", '<span class="fl-pair">{} <b>{}</b></span>', said) or "no rule fits"
