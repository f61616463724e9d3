"""Emergency stops: the list of them, and the dialogs that begin and end one."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from campaigns.admin.banners import LIFTED_BY, emergency_stops
from campaigns.halts import LONGEST_REASON, halt, lift
from campaigns.models import SendingHalt
from campaigns_project.accounts.admin.base import ReadOnlyAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, dialog_action
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.admin.permissions import may_here
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import chip
from campaigns_project.admin_site import show_banners

SYSTEM = "system"


class StopSending(ActDialog):
    """For managers of an organization; the whole system for system administrators."""

    needs = Role.MANAGER
    label = "Stop all sending"
    icon = "front_hand"
    variant = ActionVariant.DANGER
    is_final = True
    title = "Stop all sending now?"
    description = (
        "No mail leaves any more, but for those at a mail server this second. Campaigns keep their state and nothing "
        "is lost: when the stop is lifted, what came due leaves."
    )
    submit_text = "Stop all sending"

    whose = forms.ChoiceField(label="Whose", widget=UnfoldAdminSelectWidget)
    reason = forms.CharField(
        label="Why",
        max_length=LONGEST_REASON,
        widget=UnfoldAdminTextInputWidget,
        help_text="Everybody there reads it on every page.",
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        held = held_roles(self.request)
        mine = held.scope(Organization.objects.all(), Role.MANAGER)
        choices = [(str(each.pk), each.name) for each in mine.order_by("name")]
        everywhere = [(SYSTEM, "the whole system, every organization")] if held.everywhere else []
        whose: Any = self.fields["whose"]
        whose.choices = [*choices, *everywhere]

    def act(self) -> str:
        chosen = self.cleaned_data["whose"]
        organization = None if chosen == SYSTEM else Organization.objects.get(pk=chosen)
        halt(organization=organization, reason=self.cleaned_data["reason"], actor=self.actor, now=self.now)
        return f"All sending of {organization or 'the whole system'} is stopped."


class ResumeSending(ActDialog):
    needs = LIFTED_BY
    label = "Lift this stop"
    icon = "play_arrow"
    variant = ActionVariant.PRIMARY
    title = "Lift this emergency stop?"
    description = "Mails that came due meanwhile leave first, at the usual pace."
    submit_text = "Let mail leave again"

    reason = forms.CharField(
        label="Why",
        required=False,
        max_length=LONGEST_REASON,
        widget=UnfoldAdminTextInputWidget,
        help_text="Optional; kept in the history.",
    )

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.is_in_force and super().offered(request, obj)

    def act(self) -> str:
        lift(halted=self.object, actor=self.actor, now=self.now, reason=self.cleaned_data["reason"])
        return f"Mail of {self.object.organization or 'the whole system'} leaves again."


@admin.register(SendingHalt)
class SendingHaltAdmin(ReadOnlyAdmin):
    """A stop of the whole system is seen by everybody, since it holds back everybody's mail."""

    list_display = ["reason", "whose", "state", "stopped_by", "stopped_at", "let_go_by", "lifted_at"]
    list_select_related = ["organization"]
    search_fields = ["reason"]
    list_display_links = ["reason"]
    fields = ["whose", "state", "reason", "stopped_by", "stopped_at", "let_go_by", "lifted_at"]
    readonly_fields = ["whose", "state", "stopped_by", "stopped_at", "let_go_by"]
    actions_list = ["stop_sending"]
    actions_detail = ["resume_sending"]
    empty_text = "No emergency stop was ever needed. One holds back every mail at once and loses none."

    stop_sending = dialog_action(StopSending)
    resume_sending = dialog_action(ResumeSending)

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = SendingHalt.objects.select_related("organization")
        held = held_roles(request)
        if held.everywhere:
            return rows
        return rows.filter(Q(organization__in=held.organization_ids()) | Q(organization=None))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_everybodys = obj is not None and obj.organization_id is None
        return super().has_view_permission(request, None if is_everybodys else obj)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Of a stop of the whole system for system administrators alone: its entries name them, and are in the log of
        none of the organizations that see it."""
        is_theirs = may_here(request, Role.VIEWER, self.object_or_404(request, object_id))
        hidden: dict[str, Any] = {} if is_theirs else {"entries": []}
        return super().history_view(request, object_id, {**hidden, **(extra_context or {})})

    @display(description="Of", ordering="organization__name")
    def whose(self, halted: SendingHalt) -> str:
        return str(halted.organization or "the whole system")

    @display(description="Status")
    def state(self, halted: SendingHalt) -> str:
        return chip("halted", "In force") if halted.is_in_force else chip("completed", "Lifted")

    @display(description="Stopped by")
    def stopped_by(self, halted: SendingHalt) -> str:
        return halted.told_of(halted.halted_by)

    @display(description="Lifted by")
    def let_go_by(self, halted: SendingHalt) -> str:
        return halted.told_of(halted.lifted_by) or "—"

    @display(description="Stopped at", ordering="halted_at")
    def stopped_at(self, halted: SendingHalt) -> str:
        return date_format(timezone.localtime(halted.halted_at), "DATETIME_FORMAT")


show_banners(emergency_stops)
