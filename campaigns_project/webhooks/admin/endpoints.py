"""The admin pages of endpoints: where we tell others what happened. A secret is shown on one page, once."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from campaigns_project.accounts.admin.base import ScopedAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, RemovalDialog, dialog_action
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter
from campaigns_project.accounts.admin.forms import ScopedForm
from campaigns_project.accounts.admin.shown_once import keep_to_show, taken_to_show
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import chip
from campaigns_project.audit.actors import Actor
from campaigns_project.encryption import UNREADABLE, Unreadable
from campaigns_project.errors import Refused
from campaigns_project.webhooks.endpoints import (
    LONGEST_REASON,
    check_event_types,
    disable,
    enable,
    prepare,
    remove,
    rotate_secret,
    send_test,
    settle_address,
)
from campaigns_project.webhooks.events import SUBSCRIBABLE
from campaigns_project.webhooks.models import EndpointStatus, WebhookEndpoint
from campaigns_project.webhooks.standing import last_error_of, standing_of, with_standing

ADDRESS = "An https address that takes a POST for each event. It may hold a token: only managers see it whole."


class EndpointForm(ScopedForm):
    """Checked as the API checks it."""

    url = forms.CharField(
        label="Address",
        widget=UnfoldAdminTextInputWidget(
            {"placeholder": "https://", "spellcheck": "false", "autocapitalize": "none", "autocomplete": "off"}
        ),
    )
    event_types = forms.MultipleChoiceField(
        label="Events",
        choices=[(value, f"{label} ({value})") for value, label in SUBSCRIBABLE],
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="None chosen: all of them but those of each single mail (message.sent), which are asked for by name.",
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if "url" in self.fields:
            is_lost = isinstance(self.instance.url, Unreadable)
            self.fields["url"].help_text = UNREADABLE if is_lost else ADDRESS
            self.fields["url"].required = not is_lost

    def clean_event_types(self) -> list[str]:
        return check_event_types(self.cleaned_data["event_types"])

    def clean_url(self) -> str:
        typed = self.cleaned_data["url"]
        if not typed:
            return self.instance.url  # it cannot be read, and stays as it is stored
        looked_at = WebhookEndpoint(url=typed)
        try:
            settle_address(looked_at)
        except Refused as refused:
            raise forms.ValidationError(str(refused)) from None
        self.instance.shown_url = looked_at.shown_url
        return looked_at.url


class SendTest(ActDialog):
    label = "Send a test"
    icon = "send"
    title = "Send a test event?"
    description = "webhook.test goes to it as any event does: signed, and tried again where it is not taken."
    submit_text = "Send test"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.status == EndpointStatus.ACTIVE and super().offered(request, obj)

    def act(self) -> str:
        self._delivery = send_test(endpoint=self.object, actor=self.actor, now=self.now)
        return "The test is on its way. This page tells what became of it; load it again in a moment."

    def next_url(self) -> str:
        delivery = getattr(self, "_delivery", None)
        if delivery is None:
            return super().next_url()
        return reverse("admin:webhooks_webhookdelivery_change", args=[delivery.pk])


class RotateSecret(ActDialog):
    label = "New secret"
    icon = "key"
    title = "Make a new secret?"
    description = (
        "It is shown once. The one before signs as well for a day, so bring the new one to the receiver within that "
        "time. Any older one is valid no more."
    )
    submit_text = "Make a new secret"

    def act(self) -> str:
        endpoint = rotate_secret(endpoint=self.object, actor=self.actor, now=self.now)
        keep_to_show(self.request, endpoint, endpoint.secret)
        return "The new secret signs from now on."


class DisableEndpoint(ActDialog):
    label = "Disable"
    icon = "pause"
    title = "Disable this endpoint?"
    description = "It is told nothing more. What waits is abandoned, and can be sent again later."
    submit_text = "Disable endpoint"

    reason = forms.CharField(label="Why", required=False, max_length=LONGEST_REASON, widget=UnfoldAdminTextInputWidget)

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.status == EndpointStatus.ACTIVE and super().offered(request, obj)

    def act(self) -> str:
        disable(endpoint=self.object, actor=self.actor, now=self.now, reason=self.cleaned_data["reason"])
        return f"{self.object} is told nothing more."


class EnableEndpoint(ActDialog):
    label = "Enable"
    icon = "play_arrow"
    variant = ActionVariant.PRIMARY
    title = "Enable this endpoint?"
    submit_text = "Enable endpoint"

    @property
    def description(self) -> str:
        home = self.object.organization.slug
        return (
            "It is told what happens from now on. What it missed stays so, unless it is sent again: each delivery on "
            f"its page, or all with manage.py resend_webhooks --organization {home} --since 2026-01-31."
        )

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.status == EndpointStatus.DISABLED and super().offered(request, obj)

    def act(self) -> str:
        enable(endpoint=self.object, actor=self.actor, now=self.now)
        return f"{self.object} is told what happens again."


class RemoveEndpoint(RemovalDialog):
    label = "Delete"
    noun = "endpoint"
    title = "Delete this endpoint?"
    description = "It is told nothing more, and the log of its deliveries goes with it."
    submit_text = "Delete endpoint"

    def remove(self) -> None:
        remove(endpoint=self.object, actor=self.actor)


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ScopedAdmin):
    form = EndpointForm
    roles = {"add": Role.MANAGER, "change": Role.MANAGER}
    derived_fields = ("shown_url",)
    list_display = ["name", "state", "share", "wrong", "hears_of", "organization"]
    list_filter = [("status", ChoicesDropdownFilter), ("organization", ScopedRelatedFilter)]
    list_select_related = ["organization"]
    search_fields = ["description", "shown_url"]
    readonly_fields = ["shown_url", "state", "share", "wrong", "failing_since", "log", "both_until", "hears_of",
                       "created_by", "created_at", "updated_at"]  # fmt: skip
    fieldsets: ClassVar[list[tuple[str | None, dict[str, Any]]]] = [
        (None, {"fields": ["organization", "url", "description", "event_types"]}),
        ("State", {"fields": ["state", "share", "wrong", "failing_since", "log"]}),
        ("Secret", {"fields": ["both_until", "created_by", ("created_at", "updated_at")]}),
    ]
    later_sections = ("State", "Secret")
    empty_text = (
        "An endpoint is an address of another program that is told what happens here: who replied, bounced or "
        "unsubscribed, which campaign was paused. docs/webhooks.md shows how to receive it."
    )
    save_label = "Save endpoint"
    change_form_outer_before_template = "webhooks/admin/secret.html"
    actions_detail = ["send_test", "rotate_secret", "disable", "enable", "remove"]

    send_test = dialog_action(SendTest)
    rotate_secret = dialog_action(RotateSecret)
    disable = dialog_action(DisableEndpoint)
    enable = dialog_action(EnableEndpoint)
    remove = dialog_action(RemoveEndpoint)

    def get_queryset(self, request: HttpRequest) -> Any:
        return with_standing(super().get_queryset(request), now=timezone.now())

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = super().get_fieldsets(request, obj)
        if self.has_change_permission(request, obj):
            return shown
        # Whoever may only read does not see what stands behind a ?.
        first = {"fields": ["organization", "shown_url", "description", "hears_of"]}
        return [(None, first), *shown[1:]]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            self.require(request, "add", obj)
            prepare(obj, actor=Actor.of_request(request, via="admin"))
        super().save_model(request, obj, form, change)
        if not change:
            keep_to_show(request, obj, obj.secret)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """To its page, which shows the secret this once, whichever button was pressed."""
        self.message_user(request, f"{obj} is told what happens from now on.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:webhooks_webhookendpoint_change", args=[obj.pk]))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        endpoint = context.get("original")
        if endpoint is not None and request.method == "GET":
            context["new_secret"] = taken_to_show(request, endpoint)
        return super().render_change_form(request, context, *args, **kwargs)

    @display(description="Endpoint", header=True, ordering="shown_url")
    def name(self, endpoint: WebhookEndpoint) -> tuple[str, str]:
        return (endpoint.description, endpoint.shown_url) if endpoint.description else (endpoint.shown_url, "")

    @display(description="Status", ordering="status")
    def state(self, endpoint: WebhookEndpoint) -> SafeString:
        if endpoint.status == EndpointStatus.DISABLED:
            return format_html("{} {}", chip("paused", "Disabled"), endpoint.status_reason)
        return chip("fail", "Failing") if endpoint.is_failing else chip("active", "Active")

    @display(description="Success")
    def share(self, endpoint: WebhookEndpoint) -> str:
        return standing_of(endpoint).sentence

    @display(description="Last error")
    def wrong(self, endpoint: WebhookEndpoint) -> str:
        return last_error_of(endpoint) or "—"

    @display(description="Events")
    def hears_of(self, endpoint: WebhookEndpoint) -> str:
        return ", ".join(endpoint.event_types) or "All but single mails"

    @display(description="Deliveries")
    def log(self, endpoint: WebhookEndpoint) -> SafeString:
        address = reverse("admin:webhooks_webhookdelivery_changelist")
        return format_html(
            '<a href="{}?endpoint__id__exact={}" class="text-primary-600 dark:text-primary-500">See every event that '
            "was sent to it</a>",
            address,
            endpoint.pk,
        )

    @display(description="Signing")
    def both_until(self, endpoint: WebhookEndpoint) -> str:
        until = endpoint.previous_secret_until
        if until is None or until <= timezone.now():
            return "By one secret, which is kept encrypted and never shown again."
        return f"By two secrets until {timezone.localtime(until):%d %b %Y %H:%M %Z}; from then on by the new one alone."
