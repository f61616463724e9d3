"""The admin page of what large campaigns were counted to be."""

from django.contrib import admin
from unfold.decorators import display

from campaigns.admin.filters import OfCampaign
from campaigns.models import CampaignTally
from campaigns_project.accounts.admin.base import ReadOnlyAdmin


@admin.register(CampaignTally)
class CampaignTallyAdmin(ReadOnlyAdmin):
    list_display = ["campaign", "kind", "counted_at", "took"]
    list_select_related = ["campaign"]
    list_filter = [OfCampaign]
    empty_text = (
        "Campaigns of more than 20,000 people are counted now and then, and the days of all; when that was is here."
    )

    @display(description="Took", ordering="seconds")
    def took(self, tally: CampaignTally) -> str:
        return f"{tally.seconds:.3f} s"
