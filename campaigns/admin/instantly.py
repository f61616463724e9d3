"""The admin pages of Instantly: the key, who delivers a campaign, and what Instantly has been told."""

from functools import cached_property
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextareaWidget,
)

from campaigns.admin.filters import OfCampaign
from campaigns.models import (
    Campaign,
    CampaignStatus,
    DeliveredBy,
    HandedLead,
    HandedStatus,
    Handover,
    InstantlyAccount,
    InstantlyAccountStatus,
    InstantlyDay,
)
from campaigns.providers.instantly.accounts import (
    account_of,
    check_account,
    key_has_changed,
    new_secret,
    pause_account,
    remove_account,
    resume_account,
)
from campaigns.providers.instantly.choose import choose_delivery
from campaigns.providers.instantly.discover import Discovered, discover, take_over
from campaigns_project.accounts.admin.base import ReadOnlyAdmin, ScopedAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, RemovalDialog, dialog_action
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter, titled
from campaigns_project.accounts.admin.secret_fields import SecretField
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import chip
from campaigns_project.errors import Refused
from leads.admin.providers import ApiKeyForm

CHIP_OF = {
    HandedStatus.ASKED: "queued",
    HandedStatus.HELD: "ok",
    HandedStatus.REFUSED: "fail",
    HandedStatus.REMOVED: "canceled",
}


class ChooseDelivery(ActDialog):
    needs = Role.MANAGER
    label = "Delivery"
    icon = "forward_to_inbox"
    title = "Who delivers this campaign?"
    description = (
        "Settled with the start. Instantly sends from the mailboxes that are connected there; the campaign's people, "
        "wordings, window and limits are handed over, and what happens to its mails is counted here."
    )
    submit_text = "Save delivery"

    by = forms.ChoiceField(label="Delivered by", choices=DeliveredBy.choices, widget=UnfoldAdminRadioSelectWidget)
    mailboxes = forms.CharField(
        label="Mailboxes at Instantly",
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 4, "spellcheck": "false"}),
        help_text="Their addresses, one a line.",
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        handover = Handover.objects.filter(campaign=self.object).first()
        self.fields["by"].initial = self.object.delivered_by
        self.fields["mailboxes"].initial = "\n".join(handover.mailboxes) if handover else ""

    @classmethod
    def offered(cls, request: HttpRequest, obj: Campaign) -> bool:
        """Where there is a key, and the choice is still open."""
        is_open = obj.status == CampaignStatus.DRAFT and not obj.auto_discovered
        has_choice = obj.delivered_by == DeliveredBy.INSTANTLY or account_of(obj.organization) is not None
        return is_open and has_choice and super().offered(request, obj)

    def act(self) -> str:
        asked = self.cleaned_data
        by = DeliveredBy(asked["by"])
        self.object = choose_delivery(
            campaign=self.object, by=by, mailboxes=asked["mailboxes"].split(), actor=self.actor
        )
        return f"Delivered by {by.label}."


class InstantlyAccountForm(ApiKeyForm):
    api_key = SecretField(label="API key", missing="In Instantly under Settings, Integrations, API keys: of version 2.")


class TestInstantlyKey(ActDialog):
    label = "Test key"
    icon = "stethoscope"
    title = "Test this key now?"
    description = "Asks Instantly whether it accepts the key, and of which workspace it is."
    submit_text = "Test key"

    def act(self) -> str:
        refused = check_account(account=self.object, actor=self.actor)
        if refused:
            raise refused
        return f"Instantly accepts the key. It is of the workspace {self.object.workspace_name or 'without a name'}."


class PauseInstantly(ActDialog):
    label = "Pause"
    icon = "pause"
    title = "Pause everything that Instantly delivers?"
    description = "Each campaign is paused there, and none is handed over. Their state here stays."
    submit_text = "Pause"
    undone_by = "resume"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.status == InstantlyAccountStatus.ACTIVE and super().offered(request, obj)

    def act(self) -> str:
        pause_account(account=self.object, actor=self.actor)
        return "Instantly is told to pause. The campaigns' pages say when it knows."


class ResumeInstantly(ActDialog):
    label = "Resume"
    icon = "play_arrow"
    title = "Let Instantly go on?"
    description = "It goes on with the campaigns that run here; those that are paused here stay so."
    submit_text = "Resume"
    undone_by = "pause"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.status == InstantlyAccountStatus.PAUSED and super().offered(request, obj)

    def act(self) -> str:
        resume_account(account=self.object, actor=self.actor)
        return "Instantly goes on with the campaigns that run here."


class Discover(ActDialog):
    label = "Find campaigns"
    icon = "search"
    title = "Campaigns at Instantly"
    description = (
        "Those that were made there. Whichever is taken over gets a page here that keeps its figures, day by day; "
        "nothing of it is controlled from here."
    )
    submit_text = "Take over"

    numbers = forms.MultipleChoiceField(
        label="Not known here", required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        field = self.fields["numbers"]
        field.choices = [(each.id, f"{each.name} ({each.status})") for each in self.found if each.campaign is None]
        if self.refused:
            field.help_text = f"What there is could not be asked. {self.refused}"
        elif not field.choices:
            field.help_text = "The workspace has no campaign that is not known here."

    refused: Refused | None = None

    @property
    def is_blocked(self) -> bool:
        """Nothing was found that could be taken over."""
        return not self.fields["numbers"].choices

    @cached_property
    def found(self) -> list[Discovered]:
        try:
            return discover(self.object.organization)
        except Refused as refused:
            self.refused = refused
            return []

    def act(self) -> str:
        numbers = self.cleaned_data["numbers"]
        if not numbers:
            raise Refused("nothing_chosen", "No campaign is chosen.", "Tick at least one.", {"field": "numbers"})
        made = take_over(organization=self.object.organization, numbers=numbers, actor=self.actor, now=self.now)
        return f"{len(made):,} taken over: {', '.join(campaign.name for campaign in made[:5])}."


class RemoveInstantlyKey(RemovalDialog):
    label = "Delete key"
    noun = "key for"
    title = "Delete this key?"
    description = "Refused while a campaign is delivered with it. Campaigns that are over keep what was counted."
    submit_text = "Delete key"

    def remove(self) -> None:
        remove_account(account=self.object, actor=self.actor)


@admin.register(InstantlyAccount)
class InstantlyAccountAdmin(ScopedAdmin):
    form = InstantlyAccountForm
    roles = {"add": Role.MANAGER, "change": Role.MANAGER}
    list_display = ["name", "state", "heard", "organization", "updated_at"]
    list_filter = [("status", ChoicesDropdownFilter), ("organization", ScopedRelatedFilter)]
    list_select_related = ["organization"]
    readonly_fields = ["state", "heard", "heard_at", "workspace_name", "created_at", "updated_at"]
    fieldsets: ClassVar[list[tuple[str | None, dict[str, Any]]]] = [
        (None, {"fields": ["organization", "api_key"]}),
        ("State", {"fields": ["state", "workspace_name", "heard", "heard_at", ("created_at", "updated_at")]}),
    ]
    later_sections = ("State",)
    empty_text = "With a key for Instantly, campaigns can be delivered from the mailboxes that are connected there."
    save_label = "Save key"
    actions_detail = ["test_key", "discover", "pause", "resume", "remove"]

    test_key = dialog_action(TestInstantlyKey)
    discover = dialog_action(Discover)
    pause = dialog_action(PauseInstantly)
    resume = dialog_action(ResumeInstantly)
    remove = dialog_action(RemoveInstantlyKey)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.webhook_secret = obj.webhook_secret or new_secret()
        super().save_model(request, obj, form, change)
        if change and "api_key" in form.changed_data:
            key_has_changed(obj)

    @display(description="Account")
    def name(self, account: InstantlyAccount) -> str:
        return str(account)

    @display(description="Key")
    def state(self, account: InstantlyAccount) -> str:
        if account.status == InstantlyAccountStatus.PAUSED:
            return chip("paused", "Paused")
        if account.last_error:
            return chip("fail", "Refused")
        return chip("ok", "Accepted") if account.checked_at else chip("unknown", "Not tested yet")

    @display(description="Last answer")
    def heard(self, account: InstantlyAccount) -> str:
        if account.last_error or account.checked_at is None:
            return account.last_error or "—"
        return date_format(timezone.localtime(account.checked_at), "DATETIME_FORMAT")


@admin.register(Handover)
class HandoverAdmin(ReadOnlyAdmin):
    list_display = ["campaign", "told", "told_at", "attempts", "last_error", "polled_at"]
    list_select_related = ["campaign"]
    list_filter = [("told", titled(ChoicesDropdownFilter, "what Instantly was told")), OfCampaign]
    fields = [
        "campaign", "mailboxes", "told", "told_at", "last_error", "retry_at", "polled_at", "poll_error", "figures",
    ]  # fmt: skip
    empty_text = "What Instantly has been told of the campaigns that it delivers is here."


@admin.register(HandedLead)
class HandedLeadAdmin(ReadOnlyAdmin):
    list_display = ["who", "state", "asked_at", "wanted_out_at", "removed_at"]
    list_select_related = ["recipient"]
    list_filter = [("status", ChoicesDropdownFilter)]
    search_fields = ["=external_id"]
    fields = [
        "handover", "who", "state", "external_id", "reason", "asked_at", "answered_at", "wanted_out_at", "removed_at",
    ]  # fmt: skip
    readonly_fields = ["who", "state"]
    empty_text = "Everybody who was handed over to Instantly is here, with what became of it."

    @display(description="Recipient")
    def who(self, handed: HandedLead) -> str:
        return handed.recipient.email_address if handed.recipient else "Erased or merged"

    @display(description="Status", ordering="status")
    def state(self, handed: HandedLead) -> str:
        return chip(CHIP_OF[HandedStatus(handed.status)], handed.get_status_display())


@admin.register(InstantlyDay)
class InstantlyDayAdmin(ReadOnlyAdmin):
    list_display = ["campaign", "day", "sent", "replies", "seen_at"]
    list_select_related = ["campaign"]
    list_filter = [OfCampaign]
    fields = ["campaign", "day", "figures", "seen_at"]
    empty_text = "What Instantly counts of its campaigns, day by day, is here."

    @display(description="Sent")
    def sent(self, day: InstantlyDay) -> int:
        return day.figures.get("sent", 0)

    @display(description="People who replied")
    def replies(self, day: InstantlyDay) -> int:
        return day.figures.get("unique_replies", 0)
