"""The admin pages of what e-mail services reported: what was put aside first, and trying it again."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from campaigns.delivery.hooks import label_of
from campaigns_project.accounts.admin.base import ReadOnlyAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, dialog_action
from campaigns_project.accounts.admin.filters import MomentsFilter, ScopedRelatedFilter
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import chip
from tracking.inbound.retry import retry
from tracking.models import InboundWebhook, QuarantineCode, WebhookStatus


class TryAgain(ActDialog):
    needs: ClassVar[Role] = Role.OPERATOR
    label = "Try again"
    icon = "replay"
    title = "Try this report again?"
    description = "The mail it is about may be known by now. What follows from it follows at once."
    submit_text = "Try again"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.status == WebhookStatus.QUARANTINED and super().offered(request, obj)

    def act(self) -> str:
        tried = retry(webhook=self.object, actor=self.actor, now=self.now)
        if tried.status == WebhookStatus.SETTLED:
            return f"{tried} is settled: {_told(tried)}."
        self.level = messages.WARNING
        return f"{tried} stays quarantined. {tried.get_reason_display()}."


@admin.register(InboundWebhook)
class InboundWebhookAdmin(ReadOnlyAdmin):
    list_display = ["service_name", "state", "why", "sender", "events", "received_at"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("reason", ChoicesDropdownFilter),
        ("sender", ScopedRelatedFilter),
        ("received_at", MomentsFilter),
    ]
    list_select_related = ["sender", "instantly_account"]
    ordering = ["status", "-id"]  # what is quarantined comes first, by its word
    fields = [
        "service_name", "state", "why", "sender", "events", "event", "body", "received_at", "settled_at",
    ]  # fmt: skip
    readonly_fields = ["service_name", "state", "why", "events"]
    empty_text = (
        "What e-mail services report of mails passes through here. Their webhooks are set up on senders' pages."
    )
    actions_detail = ["try_again"]

    try_again = dialog_action(TryAgain)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        empty = {name for name in ("event", "body") if obj and not getattr(obj, name)}
        return [name for name in self.fields if name not in empty]

    @display(description="Service", ordering="service")
    def service_name(self, webhook: InboundWebhook) -> str:
        return label_of(webhook.service)

    @display(description="Status", ordering="status")
    def state(self, webhook: InboundWebhook) -> str:
        return chip(webhook.status, webhook.get_status_display())

    @display(description="Why")
    def why(self, webhook: InboundWebhook) -> str:
        return QuarantineCode(webhook.reason).label if webhook.reason else "—"

    @display(description="Events")
    def events(self, webhook: InboundWebhook) -> str:
        return _told(webhook)


def _told(webhook: InboundWebhook) -> str:
    counts = ((webhook.counted, "counted"), (webhook.ignored, "nothing follows from"), (webhook.put_aside, "put aside"))
    return ", ".join(f"{count:,} {words}" for count, words in counts if count) or "—"
