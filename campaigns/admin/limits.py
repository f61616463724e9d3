"""The admin pages of what limits sending: usage counted against limits, and kept wordings."""

from django.contrib import admin

from campaigns.admin.filters import OfCampaign
from campaigns.models import CampaignUsage, SenderUsage, VariantVersion
from campaigns_project.accounts.admin.base import ReadOnlyAdmin


@admin.register(SenderUsage)
class SenderUsageAdmin(ReadOnlyAdmin):
    list_display = ["sender", "scope", "domain", "starts_at", "used"]
    list_select_related = ["sender"]
    empty_text = "Mails are counted here for senders that have a limit."


@admin.register(CampaignUsage)
class CampaignUsageAdmin(ReadOnlyAdmin):
    list_display = ["campaign", "scope", "starts_at", "used"]
    list_select_related = ["campaign"]
    list_filter = [OfCampaign]
    empty_text = "Mails are counted here for campaigns that have a daily limit."


@admin.register(VariantVersion)
class VariantVersionAdmin(ReadOnlyAdmin):
    list_display = ["variant", "step", "campaign", "version", "created_at"]
    list_select_related = ["variant__step__campaign"]
    empty_text = "Every wording that mails were made of is kept here as it was."

    @admin.display(description="Step")
    def step(self, version: VariantVersion) -> str:
        return str(version.variant.step)

    @admin.display(description="Campaign")
    def campaign(self, version: VariantVersion) -> str:
        return version.variant.step.campaign.name
