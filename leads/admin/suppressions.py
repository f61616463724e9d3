"""The admin pages of suppressions: added and removed by use cases, never edited."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from campaigns_project.accounts.admin.base import NOBODY, ScopedAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, dialog_action
from campaigns_project.accounts.admin.filters import MomentsFilter, ScopedRelatedFilter
from campaigns_project.accounts.admin.permissions import may_here
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import moment
from campaigns_project.audit.actors import Actor
from campaigns_project.counting import count
from leads.admin.suppression_forms import SuppressionForm
from leads.admin.suppression_pages import SuppressionPages
from leads.models import Suppression, SuppressionReason
from leads.suppression import PROTECTED, people_of, suppress, unsuppress, with_campaign_names


class Scope(admin.SimpleListFilter):
    title = "where"
    parameter_name = "scope"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("organization", "All campaigns"), ("campaign", "One campaign")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(campaign_id__isnull=self.value() == "organization") if self.value() else queryset


class RemoveSuppression(ActDialog):
    needs = Role.OPERATOR
    label = "Allow again"
    icon = "undo"
    title = "Allow this address again?"
    submit_text = "Remove suppression"

    reason = forms.CharField(
        widget=UnfoldAdminTextareaWidget({"rows": 3}),
        help_text="Why may this person be written to? It is kept in the audit log.",
    )

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return super().offered(request, obj) and _may_remove(request, obj)

    @property
    def description(self) -> str:
        why = self.object.get_reason_display().lower()
        return f"{self.object} was suppressed: {why}. Nobody is put back into a campaign by this."

    def act(self) -> str:
        if not _may_remove(self.request, self.object):
            raise PermissionDenied
        address = str(self.object)
        unsuppress(suppression=self.object, actor=self.actor, reason=self.cleaned_data["reason"])
        self.object = None
        return f"{address} may be written to again."


@admin.register(Suppression)
class SuppressionAdmin(SuppressionPages, ScopedAdmin):
    form = SuppressionForm
    roles = {"change": NOBODY}
    list_display = ["whom", "scope", "reason", "led", "created_at", "created_by", "expires_at"]
    list_before_template = "leads/admin/suppressions_before.html"
    list_filter = [
        ("reason", ChoicesDropdownFilter),
        Scope,
        ("created_at", MomentsFilter),
        ("organization", ScopedRelatedFilter),
    ]
    list_select_related = ["organization", "created_by"]
    search_fields = ["address"]
    fields = ["organization", "whom", "people", "scope", "reason", "led", "until", "created_by", "created_at"]
    readonly_fields = ["whom", "people", "scope", "led", "until", "created_by", "created_at"]
    empty_text = (
        "Whoever unsubscribes, complains or bounces stands here and gets nothing more. You can add people yourself."
    )
    save_label = "Suppress"
    adds_another = True
    actions_detail = ["remove"]

    remove = dialog_action(RemoveSuppression)

    def get_queryset(self, request: HttpRequest) -> Any:
        return with_campaign_names(super().get_queryset(request))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        typed = ["organization", "address", "confirmed", "campaign_id", "reason", "source", "expires_at"]
        return self.fields if obj else typed

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        self.require(request, "add", obj)
        made = suppress(
            organization=obj.organization,
            address=obj.address,
            reason=SuppressionReason(obj.reason),
            source=obj.source or "added by hand",
            campaign_id=obj.campaign_id,
            expires_at=obj.expires_at,
            actor=Actor.of_request(request, via="admin"),
            created_by=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
            is_stored=True,  # the form has read what was typed
        )
        obj.pk, obj.address = made.pk, made.address

    @display(description="Address or domain", ordering="address")
    def whom(self, suppression: Suppression) -> str:
        return str(suppression)

    @display(description="Where")
    def scope(self, suppression: Suppression) -> str:
        if suppression.campaign_id is None:
            return "All campaigns"
        name = suppression.campaign_name or f"Campaign {suppression.campaign_id}"  # type: ignore[attr-defined]
        return _campaign(suppression.campaign_id, name)

    @display(description="Source")
    def led(self, suppression: Suppression) -> str:
        """What led to it: the campaign by its name, where one of its mails did."""
        name: str | None = suppression.source_name  # type: ignore[attr-defined]
        return _campaign(suppression.source_campaign, name) if name else suppression.source or "—"  # type: ignore[attr-defined]

    @display(description="Holds until")
    def until(self, suppression: Suppression) -> str:
        return moment(suppression.expires_at) if suppression.expires_at else "for good"

    @display(description="Leads")
    def people(self, suppression: Suppression) -> str:
        """Whom it is about, as a list; of an erased person there is none."""
        if not suppression.address:
            return "—"
        found = count(people_of(suppression.organization, [suppression.address]))
        narrowed = urlencode({"q" if "@" in suppression.address else "domain": suppression.address})
        url = f"{reverse('admin:leads_lead_changelist')}?{narrowed}"
        return format_html('<a class="text-link" href="{}">{}</a>', url, found.of_leads) if found.number else "none"


def _campaign(number: int, name: str) -> str:
    campaign = Suppression.loose_references[0].target._meta  # of an app above, of which this one knows no more
    url = reverse(f"admin:{campaign.app_label}_{campaign.model_name}_change", args=[number])
    return format_html('<a class="text-link" href="{}">{}</a>', url, name)


def _may_remove(request: HttpRequest, suppression: Suppression) -> bool:
    """What a person asked for, only who decides for the organization takes back."""
    return suppression.reason not in PROTECTED or may_here(request, Role.MANAGER, suppression)
