"""The admin pages of events: what happened to messages. Read only."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.decorators import display

from campaigns.admin.filters import OfCampaign
from campaigns.admin.tabs import InCampaignTabs
from campaigns_project.accounts.admin.base import ReadOnlyAdmin
from campaigns_project.accounts.admin.filters import MomentsFilter, titled
from campaigns_project.accounts.admin.system import SystemAdmin
from campaigns_project.accounts.templatetags.fairlead import chip
from tracking.models import EmailEvent, RawEvent


class OfCampaignByEvent(OfCampaign):
    path = "campaign_recipient__campaign"


@admin.register(EmailEvent)
class EmailEventAdmin(InCampaignTabs, ReadOnlyAdmin):
    tab = "Events"
    list_display = ["kind", "who", "campaign", "step_number", "detail", "automated", "came"]
    views = (
        ("All", ""),
        ("Replies", "event_type__exact=reply"),
        ("Clicks", "event_type__exact=click"),
        ("Opens", "event_type__exact=open"),
        ("Bounces", "event_type__exact=bounce"),
        ("Opt-outs", "event_type__exact=unsubscribe"),
    )
    list_filter = [
        ("event_type", titled(ChoicesDropdownFilter, "what happened")),
        ("is_machine", titled(BooleanRadioFilter, "whether a machine did it")),
        ("created_at", MomentsFilter),
        OfCampaignByEvent,
    ]
    list_select_related = ["campaign_recipient", "message", "message__step"]
    search_fields = ["campaign_recipient__email_address"]
    search_help_text = "Part of the address"
    fields = [
        "kind", "campaign", "recipient", "message", "event_data", "user_agent", "address", "automated", "source",
        "source_event_id", "created_at",
    ]  # fmt: skip
    readonly_fields = ["kind", "campaign", "recipient", "address", "automated"]
    empty_text = "Opens, clicks, replies, bounces and opt-outs stand here, within seconds of happening."

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        return rows.select_related("campaign_recipient__campaign__organization", "message__step", "message__recipient")

    @display(description="What", ordering="event_type")
    def kind(self, event: EmailEvent) -> str:
        return chip(event.event_type, event.get_event_type_display())

    @display(description="Who")
    def who(self, event: EmailEvent) -> str:
        return event.campaign_recipient.email_address

    @display(description="Campaign")
    def campaign(self, event: EmailEvent) -> SafeString:
        return _link("campaigns_campaign", event.campaign_recipient.campaign)

    @display(description="Recipient")
    def recipient(self, event: EmailEvent) -> SafeString:
        return _link("campaigns_recipient", event.campaign_recipient)

    @display(description="Step")
    def step_number(self, event: EmailEvent) -> str:
        return str(event.message.step.position) if event.message else "—"

    @display(description="Detail")
    def detail(self, event: EmailEvent) -> str:
        return str(event.event_data.get("url") or event.event_data.get("reason") or "—")[:120]

    @display(description="When", ordering="created_at")
    def came(self, event: EmailEvent) -> datetime:
        return event.created_at

    @display(description="IP address")
    def address(self, event: EmailEvent) -> str | None:
        return event.ip_address

    @display(description="By a machine")
    def automated(self, event: EmailEvent) -> str:
        return event.machine_reason.replace("_", " ") if event.is_machine else "—"


def _link(pages: str, row: Model) -> SafeString:
    return format_html('<a class="text-link" href="{}">{}</a>', reverse(f"admin:{pages}_change", args=[row.pk]), row)


@admin.register(RawEvent)
class RawEventAdmin(SystemAdmin):
    """Opens and clicks as they came in, for the seconds until they are counted."""

    list_display = ["event_type", "message_ref", "source", "created_at"]
    list_filter = [("event_type", titled(ChoicesDropdownFilter, "what happened"))]
    empty_text = "Nothing waits to be counted."
