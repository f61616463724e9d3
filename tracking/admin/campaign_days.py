"""The admin page of what happened in campaigns day by day. Read only: the rows are counted."""

from django.contrib import admin

from campaigns.admin.filters import OfCampaign
from campaigns_project.accounts.admin.base import ReadOnlyAdmin
from tracking.models import CampaignDay


@admin.register(CampaignDay)
class CampaignDayAdmin(ReadOnlyAdmin):
    list_display = ["day", "campaign", "sent", "reached", "replied", "bounced", "failed", "unsubscribed"]
    list_select_related = ["campaign"]
    list_filter = [OfCampaign]
    empty_text = "What happened in each campaign on each day is counted some seconds after it happened."
