"""The admin pages of suppressions: added and removed by use cases, never edited."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.widgets import UnfoldAdminTextareaWidget

from campaigns_project.accounts.admin.base import NOBODY, ScopedAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, dialog_action
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter
from campaigns_project.accounts.admin.forms import ScopedForm
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import Refused
from leads.models import Suppression, SuppressionReason
from leads.suppression import normalize_target, suppress, unsuppress


class SuppressionForm(ScopedForm):
    """Whom not to write to: an address or a whole domain, in whatever case."""

    def clean_address(self) -> str:
        try:
            return normalize_target(self.cleaned_data["address"])
        except Refused as refused:
            raise forms.ValidationError(str(refused)) from None


class RemoveSuppression(ActDialog):
    needs = Role.MANAGER
    label = "Allow again"
    icon = "undo"
    title = "Allow this address again?"
    submit_text = "Remove suppression"

    reason = forms.CharField(
        widget=UnfoldAdminTextareaWidget({"rows": 3}),
        help_text="Why may this person be written to? It is kept in the audit log.",
    )

    @property
    def description(self) -> str:
        why = self.object.get_reason_display().lower()
        return f"{self.object.address} was suppressed: {why}. Nobody is put back into a campaign by this."

    def act(self) -> str:
        address = self.object.address
        unsuppress(suppression=self.object, actor=self.actor, reason=self.cleaned_data["reason"])
        self.object = None
        return f"{address} may be written to again."


@admin.register(Suppression)
class SuppressionAdmin(ScopedAdmin):
    form = SuppressionForm
    roles = {"change": NOBODY}
    list_display = ["address", "reason", "source", "created_by", "created_at", "organization"]
    list_filter = [
        ("reason", ChoicesDropdownFilter),
        ("created_at", RangeDateTimeFilter),
        ("organization", ScopedRelatedFilter),
    ]
    list_select_related = ["organization", "created_by"]
    search_fields = ["address"]
    fields = ["organization", "address", "reason", "source", "created_by", "created_at"]
    readonly_fields = ["created_by", "created_at"]
    empty_text = (
        "Whoever unsubscribes, complains or bounces stands here and gets nothing more. You can add people yourself."
    )
    save_label = "Suppress"
    adds_another = True
    actions_detail = ["remove"]

    remove = dialog_action(RemoveSuppression)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj else ["organization", "address", "reason", "source"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        self.require(request, "add", obj)
        made = suppress(
            organization=obj.organization,
            address=obj.address,
            reason=SuppressionReason(obj.reason),
            source=obj.source or "added by hand",
            actor=Actor.of_request(request, via="admin"),
            created_by=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        )
        obj.pk, obj.address = made.pk, made.address
