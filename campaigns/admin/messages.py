"""The admin pages of messages and links: read only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from campaigns.admin.filters import OfCampaign, OfCampaignByRecipient, Place
from campaigns.admin.tabs import InCampaignTabs
from campaigns.models import Link, Message
from campaigns_project.accounts.admin.base import ReadOnlyAdmin
from campaigns_project.accounts.templatetags.fairlead import chip


@admin.register(Message)
class MessageAdmin(InCampaignTabs, ReadOnlyAdmin):
    tab = "Messages"
    list_display = ["to", "step_number", "state", "explanation", "sender", "attempts", "sent_at"]
    list_filter = [("status", ChoicesDropdownFilter), Place, OfCampaignByRecipient]
    list_select_related = ["recipient", "recipient__campaign", "step", "variant", "sender"]
    search_fields = ["recipient__email_address", "=message_id"]
    search_help_text = "Part of the address, or a whole Message-ID"
    fields = [
        "recipient", "step", "variant", "step_version", "sender", "state", "explanation", "attempts", "lost_claims",
        "message_id", "smtp_code", "smtp_reply", "claimed_at", "attempted_at", "sent_at", "first_deferred_at",
        "merge_values", "created_at",
    ]  # fmt: skip
    readonly_fields = ["state", "explanation"]
    empty_text = "A message is one step to one recipient; its row is there from the moment a worker takes it in hand."

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request).living()
        return rows.select_related("recipient__campaign__organization", "step", "variant", "sender")

    @display(description="To", ordering="recipient__email_address")
    def to(self, message: Message) -> str:
        return message.recipient.email_address

    @display(description="Step", ordering="step__position")
    def step_number(self, message: Message) -> str:
        variant = f" {message.variant.label}" if message.variant else ""
        return f"{message.step.position}{variant}"

    @display(description="Status", ordering="status")
    def state(self, message: Message) -> str:
        return chip(message.status, message.get_status_display())

    @display(description="Why")
    def explanation(self, message: Message) -> str:
        reply = f"{message.smtp_code or ''} {message.smtp_reply}".strip()
        reason = message.reason.replace("_", " ")
        return ": ".join(part for part in (reason, reply[:200]) if part) or "—"


@admin.register(Link)
class LinkAdmin(ReadOnlyAdmin):
    list_display = ["url", "campaign", "created_at"]
    list_filter = [OfCampaign]
    list_select_related = ["campaign"]
    search_fields = ["url"]
    fields = ["campaign", "url", "created_at"]
    empty_text = "The targets of clicks: a click may lead here and nowhere else. They are found when mails are made."

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(campaign__deleting_at=None)
