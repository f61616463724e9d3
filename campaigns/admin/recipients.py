"""The admin pages of recipients: who is in a campaign, why, and what comes next for them."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from campaigns.admin.booking import BookedHere
from campaigns.admin.filters import Did, OfCampaign, Standing
from campaigns.admin.tabs import InCampaignTabs
from campaigns.enrollment import de_enroll
from campaigns.models import CampaignStatus, ExitReason, Recipient, RecipientStatus
from campaigns.scheduling import leaves_at
from campaigns.why import why_recipient
from campaigns_project.accounts.admin.base import ReadOnlyAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, dialog_action
from campaigns_project.accounts.admin.filters import titled
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import chip, moment
from campaigns_project.errors import StateRefused


class DeEnroll(ActDialog):
    needs = Role.OPERATOR
    label = "De-enroll"
    icon = "person_remove"
    is_final = True
    submit_text = "De-enroll"
    description = "Gets nothing more from this campaign, and cannot be put back."

    reason = forms.CharField(
        label="Why", max_length=300, widget=UnfoldAdminTextInputWidget, help_text="Kept in the history."
    )

    @property
    def title(self) -> str:
        return f"Take {self.object.email_address} out of “{self.object.campaign}”?"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.status in RecipientStatus.IN and super().offered(request, obj)

    def act(self) -> str:
        if not de_enroll(recipient=self.object, actor=self.actor, now=self.now, reason=self.cleaned_data["reason"]):
            raise StateRefused("already_out", f"{self.object.email_address} has left the campaign already.")
        return f"{self.object.email_address} gets nothing more from “{self.object.campaign}”."


@admin.register(Recipient)
class RecipientAdmin(InCampaignTabs, ReadOnlyAdmin):
    tab = "Recipients"
    list_display = ["person", "campaign", "state", "standing", "next_send", "sender", "last_sign"]
    views = (
        ("All", ""),
        ("Still in", "standing=in"),
        ("Out before the end", "standing=early"),
        ("Replied", "did=replied"),
        ("Bounced", "did=bounced"),
        ("Opted out", "did=opted_out"),
    )
    list_filter = [
        ("status", ChoicesDropdownFilter),
        Standing,
        Did,
        ("exit_reason", titled(ChoicesDropdownFilter, "why they left")),
        OfCampaign,
    ]
    list_select_related = ["lead", "campaign", "campaign__organization", "next_step", "sender"]
    search_fields = ["email_address"]
    search_help_text = "Part of the address"
    fields = [
        "lead", "campaign", "email_address", "state", "why", "sender", "sent_at", "opened_at", "clicked_at",
        "replied_at", "bounced_at", "booked_at", "exited_at", "error_message", "messages", "happened", "created_at",
    ]  # fmt: skip
    readonly_fields = ["state", "why", "messages", "happened"]
    empty_text = "A recipient is a lead inside a campaign. Enroll leads on the campaign's page."
    actions_detail = ["booked", "de_enroll"]

    booked = dialog_action(BookedHere)
    de_enroll = dialog_action(DeEnroll)

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        return rows.select_related("lead", "campaign__organization", "next_step", "sender")

    @display(description="Recipient", header=True, ordering="email_address")
    def person(self, recipient: Recipient) -> tuple[str, str]:
        name = recipient.lead.full_name
        return (name, recipient.email_address) if name else (recipient.email_address, "")

    @display(description="Status", ordering="status")
    def state(self, recipient: Recipient) -> str:
        return chip(recipient.status, recipient.get_status_display())

    @display(description="Why, and what comes next")
    def standing(self, recipient: Recipient) -> str:
        return standing_sentence(recipient)

    @display(description="Why, and what comes next")
    def why(self, recipient: Recipient) -> str:
        standing = why_recipient(recipient, now=timezone.now())
        return render_to_string("campaigns/admin/gates.html", {"standing": standing})

    @display(description="Next mail", ordering="next_send_at")
    def next_send(self, recipient: Recipient) -> str:
        at = _leaves_at(recipient)
        is_due = at and at <= timezone.now() and recipient.campaign.status == CampaignStatus.RUNNING
        return "now" if is_due else moment(at)

    @display(description="Last sign")
    def last_sign(self, recipient: Recipient) -> str:
        signs = ("replied", "bounced", "clicked", "opened", "sent")
        seen = [(getattr(recipient, f"{sign}_at"), sign) for sign in signs if getattr(recipient, f"{sign}_at")]
        if not seen:
            return "—"
        at, sign = max(seen, key=lambda each: each[0])
        return format_html("{} {}", sign.capitalize(), moment(at))

    @display(description="Messages")
    def messages(self, recipient: Recipient) -> str:
        url = f"{reverse('admin:campaigns_message_changelist')}?recipient={recipient.pk}"
        count = recipient.messages.count()
        return format_html('<a class="text-link" href="{}">{} message{}</a>', url, count, "" if count == 1 else "s")

    @display(description="What happened")
    def happened(self, recipient: Recipient) -> str:
        url = f"{reverse('admin:tracking_emailevent_changelist')}?campaign_recipient={recipient.pk}"
        return format_html('<a class="text-link" href="{}">Opens, clicks, replies and bounces</a>', url)


def _leaves_at(recipient: Recipient) -> datetime | None:
    """When the next mail leaves: who is due at night gets it in the morning, nobody before the hold is over."""
    due = recipient.next_send_at and max(
        recipient.next_send_at, recipient.campaign.hold_until or recipient.next_send_at
    )
    return due and leaves_at(recipient.campaign, due, recipient.lead.timezone, now=timezone.now())


def standing_sentence(recipient: Recipient) -> str:
    """Why this recipient gets no mail right now, or which one is next, from its own row: for lists.

    The page of one asks `campaigns.why`, which looks at everything around it.
    """
    if recipient.exit_reason:
        reason = ExitReason(recipient.exit_reason).label
        return f"Out: {reason}. {recipient.error_message}".strip()
    if recipient.campaign.status != CampaignStatus.RUNNING:
        is_draft = recipient.campaign.status == CampaignStatus.DRAFT
        status = "a draft" if is_draft else recipient.campaign.get_status_display().lower()
        return f"Still in; the campaign is {status}."
    return _in_running(recipient)


def _in_running(recipient: Recipient) -> str:
    step, due = recipient.next_step, _leaves_at(recipient)
    if step is None:
        return "In; no further step is planned."
    if due is None:
        return f"In; the time for step {step.position} is not set."
    return f"Step {step.position} is next, not before {due:%d %b %Y %H:%M %Z}."
