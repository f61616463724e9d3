"""The part of a sender's page on what its e-mail service reports: where to, what proves it, when it was last heard."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from campaigns.delivery.hooks import HOOKS, label_of
from campaigns.hearing import how_to_set_up, renew_webhook_address, service_of, webhook_address
from campaigns.models import Sender
from campaigns_project.accounts.admin.dialogs import ActDialog
from campaigns_project.accounts.admin.secret_fields import SecretField
from campaigns_project.accounts.templatetags.fairlead import moment

WEBHOOK_FIELDSET = ("Reports", {"fields": ["heard", "webhook", ("webhook_service", "webhook_secret")]})


class SenderWebhookForm(forms.Form):
    """The fields of the form."""

    webhook_service = forms.ChoiceField(
        label="Reported by",
        required=False,
        choices=[("", "The service they go out through"), *((name, label_of(name)) for name in HOOKS)],
        widget=UnfoldAdminSelectWidget,
        help_text="The service that reports what became of the mails; to be chosen where its SMTP server is used.",
    )
    webhook_secret = SecretField(
        label="Webhook secret",
        lines=2,
        missing="Every report is refused without one. The address above says what it has to be.",
    )


class ShowsWebhook:
    """What an admin page of senders shows of it."""

    @display(description="Last report")
    def heard(self, sender: Sender) -> Any:
        if not service_of(sender):
            return "—"
        return moment(sender.heard_at) if sender.heard_at else "Nothing was heard yet."

    @display(description="Webhook address")
    def webhook(self, sender: Sender) -> SafeString:
        context = {"address": webhook_address(sender), "how_to": how_to_set_up(sender)}
        return mark_safe(render_to_string("campaigns/admin/webhook.html", context))  # noqa: S308 - a template of ours


class RenewWebhookAddress(ActDialog):
    label = "Renew address"
    icon = "autorenew"
    is_final = True
    title = "Give this sender another webhook address?"
    description = (
        "What its service reports to the present address is refused from then on. Enter the new one there at once."
    )
    submit_text = "Make a new address"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return bool(service_of(obj)) and super().offered(request, obj)

    def act(self) -> str:
        renew_webhook_address(sender=self.object, actor=self.actor)
        return f"{self.object.email} has a new webhook address: enter it at {label_of(service_of(self.object))}."
