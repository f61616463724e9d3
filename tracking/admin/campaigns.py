"""The pages of a campaign with what came of it."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone

from campaigns.admin.campaigns import CampaignAdmin
from campaigns.models import Campaign
from tracking.admin.results import results
from tracking.analytics import campaign_analytics


@admin.register(Campaign)
class CampaignPageAdmin(CampaignAdmin):
    """The pages of `campaigns`, and the results."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.results_view)
        return [path("<path:object_id>/results/", view, name="campaigns_campaign_results"), *super().get_urls()]

    def results_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What came of the campaign, in numbers."""
        campaign = self.object_or_404(request, object_id)
        found = results(campaign_analytics(campaign, now=timezone.now()))
        context = {**self.frame(request, campaign, "Results"), **found}
        return TemplateResponse(request, "tracking/admin/results.html", context)
