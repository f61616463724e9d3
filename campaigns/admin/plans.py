"""The admin pages of plans: the form, and above it how the plan stands."""

from typing import Any

from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.decorators import display

from campaigns.admin.operations import OperationsPages
from campaigns.models import CampaignPlan
from campaigns.ops.plans import campaigns_by_plan, standing
from campaigns_project.accounts.admin.base import ScopedAdmin
from campaigns_project.accounts.admin.dialogs import RemovalDialog, dialog_action
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter
from campaigns_project.accounts.roles import Role


class DeletePlan(RemovalDialog):
    needs = Role.MANAGER
    label = "Delete plan"
    noun = "plan"
    title = "Delete this plan?"
    description = "Its campaigns stay, and go on as they are."
    submit_text = "Delete plan"


class CampaignPlanAdmin(OperationsPages, ScopedAdmin):
    """A campaign is put into a plan on the campaign's own settings.

    Registered by the app above, which knows what came of the campaigns.
    """

    roles = {"add": Role.MANAGER, "change": Role.MANAGER}
    list_display = ["name", "starts_on", "ends_on", "aim", "campaigns_in_it", "organization"]
    list_filter = [("organization", ScopedRelatedFilter)]
    list_select_related = ["organization"]
    search_fields = ["name"]
    fieldsets = [
        (None, {"fields": ["organization", "name", "goal", ("starts_on", "ends_on")]}),
        ("What it aims at", {"fields": [("target_metric", "target_value"), "budgeted_touches"]}),
        ("What follows", {"fields": ["calls_interested"]}),
    ]
    empty_text = (
        "A plan says what several campaigns are to bring in a time, such as 40 replies this quarter, and shows how far "
        "they are and which weeks ask for more mails than the senders allow."
    )
    change_form_before_template = "campaigns/admin/plan_standing.html"
    actions_detail = ["remove"]

    remove = dialog_action(DeletePlan)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        plan = self.get_queryset(request).select_related("organization").filter(pk=number_of(object_id)).first()
        is_seen = plan is not None and self.has_view_permission(request, plan)
        shown = {"plan": plan, "standing": standing(plan, now=timezone.now())} if is_seen else {}
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("organization")

    @display(description="Target")
    def aim(self, plan: CampaignPlan) -> str:
        return f"{plan.target_value:,} {plan.get_target_metric_display()}" if plan.target_value else "—"

    @display(description="Campaigns")
    def campaigns_in_it(self, plan: CampaignPlan) -> int:
        return campaigns_by_plan([plan]).get(plan.pk, 0)


def number_of(object_id: str) -> int:
    """The number of a row in an address of the admin; 0 for what is none."""
    text = unquote(object_id)
    return int(text) if text.isdecimal() and len(text) < 19 else 0
