"""The admin pages of senders. Passwords go in and never come out."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from campaigns.admin.sender_limits import LIMITS_FIELDSET, SenderLimitsForm, ShowsLimits
from campaigns.models import Sender, SenderStatus
from campaigns.senders import pause_sender, remove_sender, resume_sender
from campaigns_project.accounts.admin.base import ScopedAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, dialog_action
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import chip


class SenderForm(SenderLimitsForm):
    password = forms.CharField(
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(render_value=False, attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if "password" in self.fields:
            self.initial.pop("password", None)
            is_set = bool(self.instance.pk and self.instance.password)
            self.fields["password"].help_text = (
                "One is stored, encrypted. Empty: it stays as it is." if is_set else "None is stored yet."
            )

    def clean_password(self) -> str:
        return self.cleaned_data["password"] or self.instance.password


class PauseSender(ActDialog):
    label = "Pause sender"
    icon = "pause"
    title = "Pause this sender?"
    description = "Nothing leaves through it until it is resumed. Its recipients wait, or go to another sender."
    submit_text = "Pause sender"

    reason = forms.CharField(label="Why", required=False, max_length=300, widget=UnfoldAdminTextInputWidget)

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.status == SenderStatus.ACTIVE and super().offered(request, obj)

    def act(self) -> str:
        pause_sender(sender=self.object, actor=self.actor, reason=self.cleaned_data["reason"])
        return f"{self.object.email} is paused."


class ResumeSender(ActDialog):
    label = "Resume sender"
    icon = "play_arrow"
    variant = ActionVariant.PRIMARY
    title = "Resume this sender?"
    description = "It is used again at once."
    submit_text = "Resume sender"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.status == SenderStatus.PAUSED and super().offered(request, obj)

    def act(self) -> str:
        resume_sender(sender=self.object, actor=self.actor)
        return f"{self.object.email} is used again."


class RemoveSender(ActDialog):
    label = "Delete sender"
    icon = "delete"
    is_final = True
    title = "Delete this sender?"
    description = "Mails that went out through it keep their place in the counts. Refused while a campaign uses it."
    submit_text = "Delete sender"

    def act(self) -> str:
        email = self.object.email
        remove_sender(sender=self.object, actor=self.actor)
        self.object = None
        return f"{email} was deleted."


@admin.register(Sender)
class SenderAdmin(ShowsLimits, ScopedAdmin):
    form = SenderForm
    roles = {"add": Role.MANAGER, "change": Role.MANAGER}
    list_display = ["address", "state", "status_reason", "today", "server", "organization", "updated_at"]
    list_filter = [("status", ChoicesDropdownFilter), ("organization", ScopedRelatedFilter)]
    list_select_related = ["organization"]
    search_fields = ["email", "name"]
    readonly_fields = ["state", "used_of_limits", "status_reason", "backs_off_until", "created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": ["organization", ("email", "name"), "reply_to"]}),
        ("Mail server", {"fields": [("host", "port"), "security", ("username", "password")]}),
        LIMITS_FIELDSET,
        ("State", {"fields": ["state", "status_reason", "backs_off_until", ("created_at", "updated_at")]}),
    ]
    empty_text = (
        "A sender is a mailbox that mails go out from. With the sandbox on, an address is enough to try things out."
    )
    actions_detail = ["pause", "resume", "remove"]

    pause = dialog_action(PauseSender)
    resume = dialog_action(ResumeSender)
    remove = dialog_action(RemoveSender)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = self.fieldsets if obj else self.fieldsets[:-1]
        # Whoever may only read sees that there is a password nowhere: the field is for writing.
        if not self.has_change_permission(request, obj):
            return [
                (title, {"fields": [_without_password(each) for each in parts["fields"]]}) for title, parts in shown
            ]
        return shown

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return not lookup.startswith("password") and super().lookup_allowed(lookup, value, request)

    @display(description="Sender", header=True, ordering="email")
    def address(self, sender: Sender) -> tuple[str, str]:
        return (sender.name, sender.email) if sender.name else (sender.email, "")

    @display(description="Status", ordering="status")
    def state(self, sender: Sender) -> str:
        return chip(sender.status, sender.get_status_display())

    @display(description="Mail server")
    def server(self, sender: Sender) -> str:
        if settings.SANDBOX:
            return "local mailbox (sandbox)"
        return f"{sender.host}:{sender.port}" if sender.host else "—"


def _without_password(field: Any) -> Any:
    return tuple(name for name in field if name != "password") if isinstance(field, tuple) else field
