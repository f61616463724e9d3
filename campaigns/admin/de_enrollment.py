"""The pages of de-enrollment: is anybody in a campaign who must not be, the runs, and whom each of them found."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import (
    UnfoldAdminExpandableTextareaWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from campaigns.admin.de_enrollment_days import days_of
from campaigns.admin.filters import OfCampaign, OfCampaignByRecipient
from campaigns.de_enrollment import Scope, ask_for_run, count_by_reason, healths_of
from campaigns.de_enrollment.naming import leads_named
from campaigns.de_enrollment.reading import readings_of
from campaigns.models import Campaign, CampaignStatus, DeEnrollmentLog, DeEnrollmentRun, ExitReason
from campaigns_project.accounts.admin.base import ReadOnlyAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, dialog_action
from campaigns_project.accounts.admin.filters import ByParameter, ScopedRelatedFilter
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import chip, moment
from campaigns_project.errors import Refused
from campaigns_project.states import ProgressStatus

MOST_HOMES = 20  # organizations whose state stands above the list


class Sweep(ActDialog):
    """Of an organization, or one campaign; or people who are named. It says beforehand how many would leave."""

    needs = Role.OPERATOR
    label = "De-enroll now"
    icon = "person_remove"
    variant = ActionVariant.PRIMARY
    title = "Take people out of campaigns?"
    submit_text = "De-enroll"

    run: DeEnrollmentRun | None = None

    organization = forms.ModelChoiceField(Organization.objects.none(), empty_label=None, widget=UnfoldAdminSelectWidget)
    campaign = forms.ModelChoiceField(
        Campaign.objects.none(), required=False, empty_label="All that have not ended", widget=UnfoldAdminSelectWidget
    )
    leads = forms.CharField(
        label="Only these people, whatever they did",
        required=False,
        widget=UnfoldAdminExpandableTextareaWidget,
        help_text="Numbers of leads or their addresses, separated by commas or lines. Empty: whoever must not be in.",
    )
    dry_run = forms.BooleanField(
        label="Dry run: take nobody out, and list who would leave", required=False, widget=UnfoldBooleanWidget
    )
    reason = forms.CharField(
        label="Why",
        required=False,
        max_length=300,
        widget=UnfoldAdminTextInputWidget,
        help_text="Optional; kept in the history.",
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        held = held_roles(self.request)
        self._homes = held.scope(Organization.objects.all(), Role.OPERATOR).order_by("name")
        open_ones = Campaign.objects.living().filter(status__in=CampaignStatus.editable)
        self.fields["organization"].queryset = self._homes
        self.fields["campaign"].queryset = held.scope(open_ones, Role.OPERATOR).order_by("name")
        self.initial.setdefault("organization", self._homes.first())
        if self.request.method == "GET" and self._homes.count() == 1:
            self.fields["organization"].widget = forms.HiddenInput()

    @property
    def description(self) -> str:
        cannot = "Nobody who leaves can be put back into the same campaign."
        if self.request.method != "GET" or self._homes.count() != 1:
            return cannot
        found = count_by_reason(Scope(self._homes.get()), now=self.now)
        return f"Would take out now: {_reasons(found) or 'nobody'}. {cannot}"

    def act(self) -> str:
        asked = self.cleaned_data
        home, names = asked["organization"], asked["leads"].replace(",", "\n").splitlines()
        people = leads_named(home, names) if asked["leads"].strip() else None
        campaign = asked["campaign"]
        if campaign is not None and campaign.organization_id != home.pk:
            message = f"“{campaign}” is not a campaign of {home}."
            raise Refused("unknown_campaign", message, "Choose one of the same organization.", {"field": "campaign"})
        self.run = ask_for_run(
            organization=home,
            campaign=campaign,
            lead_ids=people,
            dry_run=asked["dry_run"],
            reason=asked["reason"],
            actor=self.actor,
            now=self.now,
        )
        return "A worker looks through everybody who is in; this page shows what comes of it."

    def next_url(self) -> str:
        return reverse("admin:campaigns_deenrollmentrun_change", args=[self.run.pk]) if self.run else super().next_url()


class KindOfRun(DropdownFilter):
    """A dry run took nobody out."""

    title = "kind of run"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("acted", "Takes people out"), ("dry", "Dry run: takes nobody out")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(is_dry_run=self.value() == "dry") if self.value() in {"acted", "dry"} else queryset


@admin.register(DeEnrollmentRun)
class DeEnrollmentRunAdmin(ReadOnlyAdmin):
    list_before_template = "campaigns/admin/de_enrollment.html"
    list_display = ["begun", "what", "state", "scanned", "outcome", "lag", "asked_by"]
    list_select_related = ["organization", "campaign"]
    list_filter = [("status", ChoicesDropdownFilter), KindOfRun, OfCampaign, ("organization", ScopedRelatedFilter)]
    fields = [
        "what", "state", "outcome", "people", "scanned", "found", "removed", "already_out", "cleared", "lag",
        "reason", "error_message", "asked_by", "created_at", "started_at", "finished_at",
    ]  # fmt: skip
    readonly_fields = ["what", "state", "outcome", "people", "lag"]
    actions_list = ["sweep"]
    empty_text = (
        "Whoever replies, books, opts out or bounces leaves in that moment. A sweep every minute or so takes out whom "
        "that missed; none was made yet."
    )

    sweep = dialog_action(Sweep)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None)
        if context is not None:
            homes = held_roles(request).scope(Organization.objects.all()).order_by("name")[:MOST_HOMES]
            now, shown = timezone.now(), [each.pk for each in homes]
            healths = healths_of(shown, now=now)
            readings = readings_of(shown)
            told = [(each, healths[each.pk], readings.get(each.pk)) for each in homes]
            context["healths"] = sorted(told, key=lambda each: each[1].status == "ok")  # trouble first
            context["removed"] = days_of(shown, now=now) if shown else None
        return response

    @display(description="Begun", ordering="created_at")
    def begun(self, run: DeEnrollmentRun) -> str:
        return moment(run.created_at)

    @display(description="What")
    def what(self, run: DeEnrollmentRun) -> str:
        named = "1 person named" if len(run.lead_ids) == 1 else f"{len(run.lead_ids):,} people named"
        whom = named if run.lead_ids else "Sweep"
        where = f" of “{run.campaign}”" if run.campaign else ""
        return f"{whom}{where}{', dry run' if run.is_dry_run else ''}"

    @display(description="Status", ordering="status")
    def state(self, run: DeEnrollmentRun) -> str:
        return chip(run.status, run.get_status_display())

    @display(description="Outcome")
    def outcome(self, run: DeEnrollmentRun) -> str:
        if run.status not in ProgressStatus.ended:
            return f"{run.removed:,} of {run.found:,} so far"
        verb = "would leave" if run.is_dry_run else "left"
        said = f"{_reasons(run.by_reason)} {verb}" if run.by_reason else f"nobody {verb}"
        more = [f"{run.already_out:,} had left already"] if run.already_out else []
        more += [f"{run.cleared:,} had no reason any more"] if run.cleared else []
        return "; ".join([said[0].upper() + said[1:], *more])

    @display(description="People")
    def people(self, run: DeEnrollmentRun) -> str:
        address = f"{reverse('admin:campaigns_deenrollmentlog_changelist')}?run={run.pk}"
        return format_html('<a class="text-link" href="{}">Whom it found, and why</a>', address)

    @display(description="Late by")
    def lag(self, run: DeEnrollmentRun) -> str:
        if run.lag_p50 is None or run.lag_most is None:
            return "—"
        return f"{_seconds(run.lag_p50)} for half of them, at most {_seconds(run.lag_most)}"


class OfRun(ByParameter):
    """`?run=42`."""

    title = "run"
    parameter_name = "run"
    path = "run"

    def rows(self, request: HttpRequest) -> Any:
        return held_roles(request).scope(DeEnrollmentRun.objects.living())


@admin.register(DeEnrollmentLog)
class DeEnrollmentLogAdmin(ReadOnlyAdmin):
    list_display = ["person", "campaign", "why", "since", "became", "late"]
    list_select_related = ["recipient__campaign", "run"]
    list_filter = [
        ("reason", ChoicesDropdownFilter),
        ("outcome", ChoicesDropdownFilter),
        OfRun,
        OfCampaignByRecipient,
    ]
    search_fields = ["recipient__email_address"]
    search_help_text = "Part of the address"
    fields = ["run", "recipient", "why", "since", "became", "late", "settled_at"]
    readonly_fields = ["why", "since", "became", "late"]
    empty_text = "Nobody was found who must not be in."

    @display(description="Recipient", ordering="recipient__email_address")
    def person(self, log: DeEnrollmentLog) -> str:
        return log.recipient.email_address

    @display(description="Campaign")
    def campaign(self, log: DeEnrollmentLog) -> str:
        return str(log.recipient.campaign)

    @display(description="Why", ordering="reason")
    def why(self, log: DeEnrollmentLog) -> str:
        return log.get_reason_display()

    @display(description="Since", ordering="trigger_at")
    def since(self, log: DeEnrollmentLog) -> str:
        return moment(log.trigger_at)

    @display(description="What became of it", ordering="outcome")
    def became(self, log: DeEnrollmentLog) -> str:
        return log.get_outcome_display()

    @display(description="Late by")
    def late(self, log: DeEnrollmentLog) -> str:
        return "—" if log.lag is None else _seconds(log.lag)


def _reasons(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {_SHORT.get(reason, ExitReason(reason).label)}" for reason, count in counts.items())


_SHORT: dict[str, str] = {
    ExitReason.COMPLETED: "finished",
    ExitReason.HARD_BOUNCE: "bounced",
    ExitReason.COMPLAINED: "complained",
    ExitReason.SUPPRESSED: "suppressed",
    ExitReason.BOOKED: "booked",
    ExitReason.DE_ENROLLED: "named",
}


def _seconds(lag: float) -> str:
    if lag < 120:
        return f"{lag:.0f} s"
    return f"{lag / 60:.0f} min" if lag < 7200 else f"{lag / 3600:,.0f} h"
