"""The tabs of a campaign: its own pages, and the lists that show only what is its."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from campaigns.models import Campaign
from campaigns_project.keys import key_of

# Title, address name, and whether the address is the campaign's own or a list that is narrowed to it.
TABS = (
    ("Overview", "campaigns_campaign_change", True),
    ("Steps", "campaigns_campaign_steps", True),
    ("Results", "campaigns_campaign_results", True),
    ("Recipients", "campaigns_recipient_changelist", False),
    ("Ranking", "campaigns_leadranking_changelist", False),
    ("Messages", "campaigns_message_changelist", False),
    ("Events", "tracking_emailevent_changelist", False),
    ("Replies", "tracking_inboundmail_changelist", False),
    ("Jobs", "campaigns_job_changelist", False),
    ("Settings", "campaigns_campaign_settings", True),
    ("History", "campaigns_campaign_history", True),
)


def campaign_tabs(campaign: Campaign, active: str) -> list[dict[str, Any]]:
    """The tabs of `campaign`; `active` is the title of the one that is open."""
    return [
        {"title": title, "url": _address(name, campaign, is_own), "is_active": title == active}
        for title, name, is_own in TABS
    ]


class InCampaignTabs:
    """Mixed into a list's admin: narrowed to one campaign by `?campaign=`, it shows that campaign's frame above."""

    tab: str
    list_before_template = "campaigns/admin/frame.html"

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = super().get_list_display(request)  # type: ignore[misc]
        return [name for name in columns if name != "campaign"] if request.GET.get("campaign") else columns

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        response = super().changelist_view(request, extra_context)  # type: ignore[misc]
        context = getattr(response, "context_data", None)
        key = key_of(request.GET.get("campaign", ""))
        if context is not None and key is not None:
            # The list's own filter has answered 404 by now, if the campaign is not this user's.
            campaign = Campaign.objects.living().select_related("organization").get(pk=key)
            context.update({"campaign": campaign, "tabs": campaign_tabs(campaign, self.tab)})
        return response


def _address(name: str, campaign: Campaign, is_own: bool) -> str:
    return (
        reverse(f"admin:{name}", args=[campaign.pk]) if is_own else f"{reverse(f'admin:{name}')}?campaign={campaign.pk}"
    )
