"""The list of ranked leads, on the campaign's tab."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.decorators import display

from campaigns.admin.filters import OfCampaign
from campaigns.admin.tabs import InCampaignTabs
from campaigns.models import Campaign, LeadRanking, Recipient
from campaigns_project.accounts.admin.base import ReadOnlyAdmin
from campaigns_project.accounts.templatetags.fairlead import moment

LOOKED_AT = 10_000  # recipients of a campaign, those of the newest leads: read from an index that has both


def unranked(campaign: Campaign) -> str:
    """How many recipients have no place in the ranking, in a sentence; empty where nobody is ranked at all."""
    ranked = LeadRanking.objects.filter(campaign=campaign)
    if not ranked.exists():
        return ""
    newest = Recipient.objects.filter(campaign=campaign).order_by("-lead_id")
    leads = list(newest.values_list("lead_id", flat=True)[: LOOKED_AT + 1])
    number = len(leads[:LOOKED_AT]) - ranked.filter(lead__in=leads[:LOOKED_AT]).count()
    if not number:
        return ""
    words = "recipient is" if number == 1 else "recipients are"
    return f"{'At least ' if len(leads) > LOOKED_AT else ''}{number:,} {words} not ranked."


@admin.register(LeadRanking)
class LeadRankingAdmin(InCampaignTabs, ReadOnlyAdmin):
    tab = "Ranking"
    list_display = ["rank", "person", "campaign", "score", "why", "since"]
    list_display_links = None
    list_filter = [OfCampaign]
    list_select_related = ["lead", "campaign"]
    list_before_template = "campaigns/admin/ranking_before.html"
    ordering = ["rank"]
    sortable_by = ["rank"]
    fields = ["rank", "lead", "campaign", "score", "why", "since"]
    readonly_fields = ["why", "since"]
    empty_text = "Nobody is ranked yet. Give rules their points, then rank the leads: enrollment can take the best."

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        response = super().changelist_view(request, {"title": "Ranking", **(extra_context or {})})
        context = getattr(response, "context_data", None)
        if context is not None and "campaign" in context:
            context["unranked"] = unranked(context["campaign"])
        return response

    @display(description="Lead")
    def person(self, row: LeadRanking) -> str:
        page = reverse("admin:leads_lead_change", args=[row.lead_id])
        return format_html('<a class="text-link" href="{}">{}</a>', page, row.lead)

    @display(description="Why")
    def why(self, row: LeadRanking) -> str:
        reasons = sorted(row.reasons.items(), key=lambda each: -each[1])
        said = ((words, f"{points:+,}") for words, points in reasons)
        return format_html_join("", '<span class="fl-pair">{} <b>{}</b></span>', said) or "no rule fits"

    @display(description="Unchanged since")
    def since(self, row: LeadRanking) -> str:
        return moment(row.computed_at)  # a later ranking that came out the same wrote nothing
