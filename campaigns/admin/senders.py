"""The admin pages of senders. Passwords go in and never come out."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from campaigns.admin.oauth import Connect, Disconnect, ShowsLogin
from campaigns.admin.sender_limits import LIMITS_FIELDSET, SenderLimitsForm, ShowsLimits
from campaigns.admin.sender_standing import ShowsStanding
from campaigns.admin.sender_webhook import WEBHOOK_FIELDSET, RenewWebhookAddress, SenderWebhookForm, ShowsWebhook
from campaigns.delivery.services import SERVICES
from campaigns.health import HealthStatus, check_sender
from campaigns.models import Sender, SenderKind, SenderStatus
from campaigns.senders import (
    check_address_is_free,
    check_login_stays,
    check_settings,
    pause_sender,
    remove_sender,
    resume_sender,
)
from campaigns.sending import guard
from campaigns.sending.connections import is_by_mailbox
from campaigns.sending.reasons import in_words
from campaigns_project.accounts.admin.base import ScopedAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, dialog_action
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter
from campaigns_project.accounts.admin.secret_fields import SecretField
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import chip
from campaigns_project.errors import Refused

HEALTH_WORDS = {"ok": "Well", "warn": "With warnings", "fail": "Not well", "unknown": "Not known"}
UNCHECKED = "unchecked"
LOOKED_AT = (  # together, before they are saved
    "email", "reply_to", "kind", "esp", "esp_settings", "webhook_service", "webhook_secret",
)  # fmt: skip
LONGEST_REASON = 300  # of a pause, as it is typed
KEYS_WANTED = "; ".join(f"{service.label}: {', '.join(service.needs)}" for service in SERVICES.values())


class SenderForm(SenderWebhookForm, SenderLimitsForm):
    """Checked as the API checks it."""

    password = SecretField(strip=False, given_for="host")
    esp = forms.ChoiceField(
        label="E-mail service",
        required=False,
        choices=[("", "—"), *((name, service.label) for name, service in SERVICES.items())],
        widget=UnfoldAdminSelectWidget,
    )
    esp_settings = SecretField(
        label="Service settings",
        lines=4,
        hint=f"Written as a JSON object, {{“api_key”: “…”}}, with straight quotes. {KEYS_WANTED}.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        try:
            check_settings(Sender(**{name: cleaned.get(name, "") for name in LOOKED_AT}))
            if organization := cleaned.get("organization") or getattr(self.instance, "organization", None):
                email = cleaned.get("email", "")
                check_address_is_free(Sender(pk=self.instance.pk, organization=organization, email=email))
            if self.instance.pk and "host" in cleaned:
                check_login_stays(self.instance, host=cleaned["host"], keeps_password=self.keeps("password"))
        except Refused as refused:
            field = refused.details.get("field")
            self.add_error(field if field in self.fields else None, str(refused))
        return cleaned


def shown_for(*kinds: str) -> str:
    """The condition of a field, as the page's script has it; whoever may only read has no `kind` to choose."""
    return f"typeof kind === 'undefined' || {list(kinds)}.includes(kind)"


class CheckSender(ActDialog):
    label = "Check now"
    icon = "stethoscope"
    title = "Check this sender now?"
    description = (
        "Logs in as for a mail and looks its domain up in DNS. No mail is sent. It takes up to half a minute where "
        "nothing answers."
    )
    submit_text = "Check sender"

    def act(self) -> str:
        findings = check_sender(sender=self.object, actor=self.actor, now=self.now)
        bad = [finding.code.upper() for finding in findings if finding.status in (HealthStatus.FAIL, HealthStatus.WARN)]
        unknown = [finding.code.upper() for finding in findings if finding.status == HealthStatus.UNKNOWN]
        told = f"{_and(bad)} to be mended, see below." if bad else "nothing to mend was found."
        if bad:
            self.level = messages.WARNING
        if unknown:
            told += f" Not known: {_and(unknown)}."
        if self.object.status == SenderStatus.PAUSED:
            told += " It is still paused."
        return f"{self.object.email}: {told}"


class PauseSender(ActDialog):
    label = "Pause sender"
    icon = "pause"
    title = "Pause this sender?"
    description = "Nothing leaves through it until it is resumed. Its recipients wait, or go to another sender."
    submit_text = "Pause sender"
    undone_by = "resume"

    reason = forms.CharField(label="Why", required=False, max_length=LONGEST_REASON, widget=UnfoldAdminTextInputWidget)

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
    undone_by = "pause"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.status == SenderStatus.PAUSED and super().offered(request, obj)

    def undo_says(self) -> Mapping[str, str]:
        return {"reason": self.object.status_reason[:LONGEST_REASON]}

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


class OfHealth(DropdownFilter):
    """What the last look found, in the words of the list."""

    title = "health"
    parameter_name = "health"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*HEALTH_WORDS.items(), (UNCHECKED, "Not checked yet")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == UNCHECKED:
            return queryset.filter(health__isnull=True)
        return queryset.filter(health__status=self.value()) if self.value() in HEALTH_WORDS else queryset


@admin.register(Sender)
class SenderAdmin(ShowsStanding, ShowsLimits, ShowsLogin, ShowsWebhook, ScopedAdmin):
    form = SenderForm
    roles = {"add": Role.MANAGER, "change": Role.MANAGER}
    list_display = [
        "address", "state", "well", "reason", "today", "lately", "way_out", "organization",
    ]  # fmt: skip
    list_filter = [
        ("status", ChoicesDropdownFilter),
        OfHealth,
        ("kind", ChoicesDropdownFilter),
        ("organization", ScopedRelatedFilter),
    ]
    list_select_related = ["organization"]
    search_fields = ["email", "name"]
    readonly_fields = [
        "state", "used_of_limits", "last_days", "reason", "backs_off_until", "guarded", "last_week", "runs_for",
        "checks", "heard", "webhook", "login", "created_at", "updated_at",
    ]  # fmt: skip
    fieldsets: ClassVar[list[tuple[str | None, dict[str, Any]]]] = [
        (None, {"fields": ["organization", ("email", "name"), "reply_to", "mailbox"]}),
        (
            "State",
            {
                "fields": [
                    "state",
                    "reason",
                    "backs_off_until",
                    "used_of_limits",
                    "runs_for",
                    "last_week",
                    "guarded",
                    ("created_at", "updated_at"),
                ]
            },
        ),
        ("Last 30 days", {"fields": ["last_days"]}),
        ("Health", {"fields": ["checks"]}),
        (
            "Sends through",
            {
                "fields": [
                    "kind",
                    ("host", "port"),
                    "security",
                    "login",
                    ("username", "password"),
                    ("esp", "esp_settings"),
                    "max_connections",
                ]
            },
        ),
        WEBHOOK_FIELDSET,
        LIMITS_FIELDSET,
        ("Bounce guard", {"fields": [("guard_percent", "guard_floor")]}),
        ("Domain", {"fields": ["dkim_selector"]}),
        ("Return path", {"fields": ["return_path_domain", "return_path_plus"]}),
    ]
    # What only one kind of way out needs is shown for that kind alone.
    conditional_fields = {
        **dict.fromkeys(("host", "port", "security", "username", "password"), shown_for("smtp")),
        **dict.fromkeys(("esp", "esp_settings"), shown_for("esp")),
        "max_connections": shown_for("smtp", "esp"),
    }
    later_sections = ("Health", "Last 30 days", "State")
    empty_text = (
        "A sender is a mailbox that mails go out from. With the sandbox on, an address is enough to try things out."
    )
    actions_detail = ["check_now", "pause", "resume", "connect", "disconnect", "renew_webhook", "remove"]

    check_now = dialog_action(CheckSender)
    pause = dialog_action(PauseSender)
    resume = dialog_action(ResumeSender)
    connect = dialog_action(Connect)
    disconnect = dialog_action(Disconnect)
    renew_webhook = dialog_action(RenewWebhookAddress)
    remove = dialog_action(RemoveSender)

    @display(description="Sender", header=True, ordering="email")
    def address(self, sender: Sender) -> tuple[str, str]:
        return (sender.name, sender.email) if sender.name else (sender.email, "")

    @display(description="Status", ordering="status")
    def state(self, sender: Sender) -> str:
        return chip(sender.status, sender.get_status_display())

    @display(description="Why paused")
    def reason(self, sender: Sender) -> str:
        return capfirst(in_words(sender.status_reason)) or "—"

    @display(description="Health")
    def well(self, sender: Sender) -> str:
        if not sender.health:
            return chip("unknown", "Not checked yet")
        return chip(sender.health["status"], HEALTH_WORDS[sender.health["status"]])

    @display(description="Sends through")
    def way_out(self, sender: Sender) -> str:
        if is_by_mailbox(sender):
            return "local mailbox (sandbox)"
        if sender.kind == SenderKind.ESP:
            return SERVICES[sender.esp].label if sender.esp in SERVICES else sender.esp or "—"
        return f"{sender.host}:{sender.port}" if sender.host else "—"

    @display(description="Bounced lately")
    def guarded(self, sender: Sender) -> str:
        bad, total = guard.share(sender, now=timezone.now())
        if not total:
            return f"No mail in the last {guard.WITHIN.days} days, or since it was resumed."
        limit = f"; it pauses itself above {sender.guard_percent} %" if sender.guard_percent else "; the guard is off"
        since = f"of the last {guard.WITHIN.days} days, or since it was resumed"
        share = f"{bad} of {total} mails {since}: {bad * 100 / total:.1f} %"
        return f"{share}{limit}, from {sender.guard_floor} mails on."

    @display(description="What was found")
    def checks(self, sender: Sender) -> SafeString:
        found = [{**each, "label": HEALTH_WORDS[each["status"]]} for each in (sender.health or {}).get("checks", [])]
        context = {"checks": found, "checked_at": sender.health_checked_at}
        return mark_safe(render_to_string("campaigns/admin/health.html", context))  # noqa: S308 - a template of ours


def _and(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
