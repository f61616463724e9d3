"""The admin pages of deliveries: what became of each event, and sending it again."""

import json
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from campaigns_project.accounts.admin.base import ReadOnlyAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, dialog_action
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter, titled
from campaigns_project.accounts.templatetags.fairlead import chip
from campaigns_project.webhooks.endpoints import resend
from campaigns_project.webhooks.models import DeliveryStatus, EndpointStatus, WebhookDelivery, WebhookEndpoint
from campaigns_project.webhooks.signing import body_of

CHIP_OF = {
    DeliveryStatus.WAITING: "queued",
    DeliveryStatus.SUCCEEDED: "succeeded",
    DeliveryStatus.FAILED: "failed",
    DeliveryStatus.ABANDONED: "canceled",
}


class SendAgain(ActDialog):
    label = "Send again"
    icon = "replay"
    title = "Send this event again?"
    description = "With the same id and data; a receiver that had it knows it by that."
    submit_text = "Send again"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        is_possible = obj.status != DeliveryStatus.WAITING and obj.endpoint.status == EndpointStatus.ACTIVE
        return is_possible and super().offered(request, obj)

    def act(self) -> str:
        resend(delivery=self.object, actor=self.actor)
        return "It is on its way. Load the page again in a moment to see what became of it."


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    list_display = ["event", "endpoint", "state", "answer", "attempts", "created_at"]
    views = (
        ("All", ""),
        ("Waiting", "status__exact=waiting"),
        ("Failed", "status__exact=failed"),
        ("Succeeded", "status__exact=succeeded"),
    )
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("event_type", titled(ChoicesDropdownFilter, "what it tells")),
        ("endpoint", ScopedRelatedFilter),
    ]
    search_fields = ["=event_id"]
    fieldsets: ClassVar[list[tuple[str | None, dict[str, Any]]]] = [
        (None, {"fields": ["endpoint", "event_type", "event_id", "occurred_at"]}),
        ("State", {"fields": ["state", "attempts", "next_try_at", "tried_at", "finished_at"]}),
        ("Request", {"fields": ["request_shown"]}),
        ("Response", {"fields": ["answer", "response_shown"]}),
    ]
    readonly_fields = ["state", "answer", "request_shown", "response_shown"]
    empty_text = "Each event that is told to an endpoint stands here for 30 days, with what the receiver answered."
    actions_detail = ["send_again"]

    send_again = dialog_action(SendAgain)

    def get_queryset(self, request: HttpRequest) -> Any:
        secrets = [f"endpoint__{name}" for name in WebhookEndpoint.SECRETS]
        return super().get_queryset(request).select_related("endpoint__organization").defer(*secrets)

    @display(description="Event", header=True, ordering="event_type")
    def event(self, delivery: WebhookDelivery) -> tuple[str, str]:
        return delivery.event_type, delivery.event_id

    @display(description="Status", ordering="status")
    def state(self, delivery: WebhookDelivery) -> str:
        return chip(CHIP_OF[DeliveryStatus(delivery.status)], delivery.get_status_display())

    @display(description="Last answer")
    def answer(self, delivery: WebhookDelivery) -> str:
        if delivery.error:
            return delivery.error
        return f"It answered {delivery.response_status}." if delivery.response_status else "—"

    @display(description="Sent")
    def request_shown(self, delivery: WebhookDelivery) -> str:
        body = body_of(
            event_id=delivery.event_id,
            event_type=delivery.event_type,
            occurred_at=delivery.occurred_at,
            data=delivery.payload,
        )
        head = f"POST {delivery.endpoint.shown_url}\nwebhook-id: {delivery.event_id}\n\n"
        return _block(head + json.dumps(json.loads(body), indent=2, ensure_ascii=False))

    @display(description="Body")
    def response_shown(self, delivery: WebhookDelivery) -> str:
        return _block(delivery.response_body) if delivery.response_body else "—"


def _block(text: str) -> str:
    return render_to_string("webhooks/admin/block.html", {"text": text})
