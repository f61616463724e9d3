"""The admin pages of mails that came in: replies with their words, and behind a filter all the others. Read only."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from campaigns.admin.filters import OfCampaignByRecipient
from campaigns.admin.tabs import InCampaignTabs
from campaigns.models import ExitReason
from campaigns_project.accounts.admin.base import ReadOnlyAdmin
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter
from campaigns_project.accounts.templatetags.fairlead import chip, moment
from tracking.models import InboundKind, InboundMail, InboundStatus

FIRST_WORDS = 140  # characters in the list
NOTHING_FOLLOWS = {InboundKind.AUTO_REPLY, InboundKind.OTHER}
CHIP_OF = {
    InboundKind.REPLY: "replied",
    InboundKind.AUTO_REPLY: "machine",
    InboundKind.BOUNCE: "bounced",
    InboundKind.COMPLAINT: "complained",
    InboundKind.UNSUBSCRIBE: "unsubscribed",
    InboundKind.OTHER: "note",
}


class What(DropdownFilter):
    """Replies unless something else is asked for: they are what one comes to read."""

    title = "what came in"
    parameter_name = "what"
    all_option = ["", "Replies"]

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        others = [(kind.value, str(kind.label)) for kind in InboundKind if kind != InboundKind.REPLY]
        return [*others, ("all", "Everything"), (InboundStatus.QUARANTINED.value, "In quarantine")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "all":
            return queryset.filter(status=InboundStatus.SETTLED)
        if self.value() == InboundStatus.QUARANTINED:
            return queryset.filter(status=InboundStatus.QUARANTINED)
        known = self.value() if self.value() in InboundKind.values else InboundKind.REPLY
        return queryset.filter(kind=known, status=InboundStatus.SETTLED)


@admin.register(InboundMail)
class InboundMailAdmin(InCampaignTabs, ReadOnlyAdmin):
    tab = "Replies"
    list_display = ["writer", "words", "campaign", "what", "received"]
    views = (
        ("Replies", ""),
        ("Automatic", "what=auto_reply"),
        ("Bounces", "what=bounce"),
        ("Opt-outs", "what=unsubscribe"),
        ("Everything", "what=all"),
    )
    list_display_links = ["words"]
    list_filter = [What, OfCampaignByRecipient, ("mailbox", ScopedRelatedFilter)]
    list_select_related = ["recipient__campaign__organization", "recipient__lead"]
    search_fields = ["from_address", "recipient__email_address", "subject"]
    search_help_text = "Part of an address or of the subject"
    fields = [
        "what", "who", "from_address", "campaign", "mail", "subject", "new_words", "followed", "why", "matched_by",
        "mailbox", "own_message_id", "received_at",
    ]  # fmt: skip
    readonly_fields = ["what", "who", "campaign", "mail", "new_words", "followed"]
    empty_text = (
        "Replies stand here with their words, soon after they came. They are found in the mailboxes of your senders."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        return rows.select_related(
            "recipient__campaign__organization", "recipient__lead", "message__step", "mailbox", "organization"
        )

    @display(description="Who", header=True, ordering="from_address")
    def writer(self, mail: InboundMail) -> tuple[str, str]:
        if mail.recipient is None:
            return "—", ""
        lead = mail.recipient.lead
        return (lead.full_name, lead.email) if lead.full_name else (lead.email, "")

    @display(description="Who")
    def who(self, mail: InboundMail) -> str:
        if mail.recipient is None:
            return "—"
        lead = mail.recipient.lead
        address = reverse("admin:leads_lead_change", args=[lead.pk])
        shown = f"{lead.full_name} ({lead.email})" if lead.full_name else lead.email
        return format_html('<a class="text-link" href="{}">{}</a>', address, shown)

    @display(description="First words")
    def words(self, mail: InboundMail) -> SafeString:
        words = " ".join((mail.text or mail.subject or _cleared(mail)).split()) or "—"
        shown = words[:FIRST_WORDS] + ("…" if len(words) > FIRST_WORDS else "")
        return format_html('<span class="fl-words">{}</span>', shown)

    @display(description="Campaign")
    def campaign(self, mail: InboundMail) -> str:
        if mail.recipient is None:
            return "—"
        campaign = mail.recipient.campaign
        address = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
        return format_html('<a class="text-link" href="{}">{}</a>', address, campaign.name)

    @display(description="What", ordering="kind")
    def what(self, mail: InboundMail) -> str:
        label = f"{mail.get_kind_display()} ({mail.bounce_kind})" if mail.bounce_kind else mail.get_kind_display()
        return chip(CHIP_OF[InboundKind(mail.kind)], label)

    @display(description="Came", ordering="received_at")
    def received(self, mail: InboundMail) -> str:
        return moment(mail.received_at)

    @display(description="Our mail")
    def mail(self, mail: InboundMail) -> str:
        if mail.message is None:
            return "—"
        address = reverse("admin:campaigns_message_change", args=[mail.message.pk])
        words = f"Step {mail.message.step.position}: {mail.message.subject}"
        return format_html('<a class="text-link" href="{}">{}</a>', address, words)

    @display(description="Words")
    def new_words(self, mail: InboundMail) -> SafeString | str:
        return _cleared(mail) or format_html('<pre class="fl-mail-text">{}</pre>', mail.text or "—")

    @display(description="What followed")
    def followed(self, mail: InboundMail) -> str:
        return _followed(mail)


def _cleared(mail: InboundMail) -> str:
    """Why the words of an old mail are not there any more."""
    if mail.words_cleared_at is None:
        return ""
    return f"Its words were cleared for their age on {timezone.localtime(mail.words_cleared_at):%-d %b %Y}."


def _followed(mail: InboundMail) -> str:
    """What became of the person because of it, or why nothing did."""
    recipient = mail.recipient
    if recipient is None:
        return "Nothing: whom it is about cannot be told any more. It is removed after 30 days."
    if mail.kind in NOTHING_FOLLOWS:
        return "Nothing: a machine answered, so the sequence goes on." if mail.kind == InboundKind.AUTO_REPLY else "—"
    if not recipient.exit_reason:
        return "It was counted; the sequence goes on."
    left = ExitReason(recipient.exit_reason).label
    return format_html("They left the campaign {}: {}.", moment(recipient.exited_at), left)
