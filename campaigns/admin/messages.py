"""The admin pages of messages, with what may be decided about one or many, and of links."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from campaigns.admin import uncertain
from campaigns.admin.filters import OfCampaign, OfCampaignByRecipient, Place
from campaigns.admin.previewing import framed
from campaigns.admin.retrying import told
from campaigns.admin.tabs import InCampaignTabs
from campaigns.forgetting import kept_until
from campaigns.models import ExitReason, Link, Message, MessageStatus
from campaigns.sending.content import content_of
from campaigns.sending.retry import OPEN, retry_failed
from campaigns_project.accounts.admin.base import ReadOnlyAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, dialog_action
from campaigns_project.accounts.admin.filters import MomentsFilter
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import chip
from campaigns_project.errors import Refused, StateRefused


class Retry(ActDialog):
    """One failed mail; the campaign's page has the same for all of them."""

    needs = Role.MANAGER
    label = "Retry"
    icon = "replay"
    submit_text = "Send it again"
    title = "Send this failed mail again?"
    description = "It waits again, made of the present wording and for the person's present address."

    reason = forms.CharField(
        label="Why", required=False, max_length=300, widget=UnfoldAdminTextInputWidget, help_text="Kept in the history."
    )

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        is_open = obj.recipient.campaign.status in OPEN
        is_retriable = is_open and obj.status == MessageStatus.FAILED and obj.recipient.exit_reason == ExitReason.FAILED
        return is_retriable and super().offered(request, obj)

    def act(self) -> str:
        done = retry_failed(
            campaign=self.object.recipient.campaign,
            messages=[self.object.pk],
            actor=self.actor,
            now=self.now,
            reason=self.cleaned_data["reason"],
        )
        if not done.retried:
            raise StateRefused("not_retriable", f"It stays where it is: {told(done.skipped) or 'it has not failed'}.")
        return f"The mail to {self.object.recipient.email_address} waits to be sent again."


@admin.register(Message)
class MessageAdmin(InCampaignTabs, ReadOnlyAdmin):
    tab = "Messages"
    list_display = ["to", "campaign", "step_number", "state", "explanation", "sender", "sent_at"]
    views = (
        ("All", ""),
        ("Sent", "place=sent"),
        ("Waiting", "place=waiting"),
        ("Failed", "place=failed"),
        ("Uncertain", "place=uncertain"),
    )
    list_filter = [
        ("status", ChoicesDropdownFilter),
        Place,
        ("sent_at", MomentsFilter),
        OfCampaignByRecipient,
    ]
    change_form_outer_after_template = "campaigns/admin/message_content.html"
    list_select_related = ["recipient", "recipient__campaign", "step", "variant", "sender"]
    search_fields = ["recipient__email_address", "=message_id"]
    search_help_text = "Part of the address, or a whole Message-ID"
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "campaign", "recipient", "step", "variant", "subject", "sender", "state", "why", "sent_at",
                    "happened",
                ]
            },
        ),
        (
            "How it was handed over",
            {
                "fields": [
                    "answer", "attempts", "lost_claims", "claimed_at", "attempted_at", "first_deferred_at", "identity",
                ]
            },
        ),
        ("What it was made of", {"fields": ["step_version", "merge_values", "values_cleared_at", "created_at"]}),
    ]  # fmt: skip
    readonly_fields = ["campaign", "state", "why", "happened", "identity", "answer"]
    actions_detail = ["treat_as_sent", "send_again", "retry"]
    actions_list = ["treat_all_as_sent", "send_all_again"]
    empty_when = {
        "place=uncertain": "No mail is uncertain. One is where the connection broke after it was handed over: nobody "
        "knows whether it went out, and somebody decides here whether to send it again."
    }
    empty_text = "A message is one step to one recipient; its row is there from the moment a worker takes it in hand."

    treat_as_sent = dialog_action(uncertain.TreatAsSent)
    send_again = dialog_action(uncertain.SendAgain)
    retry = dialog_action(Retry)
    treat_all_as_sent = dialog_action(uncertain.TreatAllAsSent)
    send_all_again = dialog_action(uncertain.SendAllAgain)

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        return rows.select_related("recipient__campaign__organization", "step", "variant", "sender")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        shown = _content(self.object_or_404(request, object_id))
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

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

    @display(description="Why, or what the server said")
    def explanation(self, message: Message) -> str:
        return ": ".join(part for part in (_reason(message), _answer(message)[:200]) if part) or "—"

    @display(description="Why")
    def why(self, message: Message) -> str:
        return _reason(message) or "—"

    @display(description="Campaign")
    def campaign(self, message: Message) -> str:
        campaign = message.recipient.campaign
        address = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
        return format_html('<a class="text-link" href="{}">{}</a>', address, campaign.name)

    @display(description="What happened to it")
    def happened(self, message: Message) -> str:
        address = f"{reverse('admin:tracking_emailevent_changelist')}?message={message.pk}"
        return format_html(
            '<a class="text-link" href="{}">Opens, clicks, replies and bounces of this mail</a>', address
        )

    @display(description="Message-ID")
    def identity(self, message: Message) -> str:
        return message.message_id or "—"

    @display(description="The server's answer")
    def answer(self, message: Message) -> str:
        return _answer(message) or "—"


def _reason(message: Message) -> str:
    return message.reason.replace("_", " ")


def _answer(message: Message) -> str:
    """What the server said, which begins with its code; where it said nothing the code stands alone."""
    code = str(message.smtp_code or "")
    return message.smtp_reply if message.smtp_reply.startswith(code) else f"{code} {message.smtp_reply}"


def _content(message: Message) -> dict[str, Any]:
    """The mail as its recipient got it, or why it cannot be shown."""
    try:
        mail = content_of(message)
    except Refused as refused:
        return {"problem": str(refused)}
    until = kept_until(message, message.recipient.campaign.organization)
    is_due = until is not None and until <= timezone.now()
    return {"mail": mail, "frame": framed(mail.html), "kept_until": until, "is_due": is_due}


@admin.register(Link)
class LinkAdmin(ReadOnlyAdmin):
    list_display = ["url", "campaign", "created_at"]
    list_filter = [OfCampaign]
    list_select_related = ["campaign"]
    search_fields = ["url"]
    fields = ["campaign", "url", "created_at"]
    empty_text = "The targets of clicks: a click may lead here and nowhere else. They are found when mails are made."
