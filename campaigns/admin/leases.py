"""The admin page of what workers have in hand."""

from django.contrib import admin

from campaigns.admin.filters import OfCampaign
from campaigns.models import Lease
from campaigns_project.accounts.admin.base import ReadOnlyAdmin


@admin.register(Lease)
class LeaseAdmin(ReadOnlyAdmin):
    list_display = ["campaign", "recipients_held", "created_at", "until"]
    list_select_related = ["campaign"]
    list_filter = [OfCampaign]
    empty_text = "While a worker sends, what it has in hand is here."

    @admin.display(description="Recipients")
    def recipients_held(self, lease: Lease) -> int:
        return len(lease.recipients)
