"""The list of leads with all that is known of them: campaigns, last mail, last reply."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.views.main import SEARCH_VAR
from django.db import models
from django.db.models import Exists, Max, OuterRef, Q
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from campaigns.admin.filters import OfCampaign
from campaigns.models import Message, Recipient, RecipientStatus
from campaigns_project.accounts.admin.dialogs import dialog_action
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.templatetags.fairlead import moment
from campaigns_project.audit.actors import Actor
from campaigns_project.counting import Count, count, estimate
from leads.exporting import export_leads
from leads.models import Lead
from leads.segments.asking import Asking
from leads.segments.fields import find_field
from tracking.admin.list_acts import EnrollThese, SuppressThese, TagThese, UntagThese, shown_in

LONGEST_COUNT = 50  # milliseconds, beside those of the page
QUIET = (("30", "Not for 30 days"), ("90", "Not for 90 days"), ("365", "Not for a year"), ("never", "Never"))


class InCampaignFilter(OfCampaign):
    title = "campaign they are in"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        super().queryset(request, Recipient.objects.none())  # a campaign one may not see is a 404
        return self.narrowed(queryset, int(self.value())) if self.value() else queryset

    def narrowed(self, leads: Any, campaign: int) -> Any:
        """`leads` by the campaign that is chosen."""
        return leads.filter(pk__in=Recipient.objects.filter(campaign=campaign).order_by().values("lead"))


class NotInCampaignFilter(InCampaignFilter):
    title = "campaign they were never in"
    parameter_name = "not_in_campaign"

    def narrowed(self, leads: Any, campaign: int) -> Any:
        # Not “not in”: the database would gather all who are in it before it looks at the first lead.
        return leads.exclude(Exists(Recipient.objects.filter(campaign=campaign, lead=OuterRef("pk"))))


class ContactFilter(DropdownFilter):
    title = "last mail"
    parameter_name = "contacted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return QUIET

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() not in dict(QUIET):
            return queryset
        operator, days = ("never", None) if self.value() == "never" else ("not_for_days", int(self.value()))
        asking = Asking(0, timezone.now())  # it is the same question in every organization
        return queryset.filter(find_field("last_contacted", "").condition(operator, days, asking))


class LeadList:
    """Mixed into the admin of leads: columns, filters, and acts on what is shown."""

    list_before_template = "tracking/admin/lead_list_before.html"
    actions_list = ["tag_these", "untag_these", "enroll_these", "suppress_these"]

    tag_these = dialog_action(TagThese)
    untag_these = dialog_action(UntagThese)
    enroll_these = dialog_action(EnrollThese)
    suppress_these = dialog_action(SuppressThese)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.export_view)  # type: ignore[attr-defined]
        return [path("export/", view, name="leads_lead_export"), *super().get_urls()]  # type: ignore[misc]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """What is told of campaigns is asked for the page's own leads: in the list's query it would be worked out for
        all that are skipped before the page as well."""
        shown = super().get_changelist_instance(request)  # type: ignore[misc]
        told = _told({lead.pk for lead in shown.result_list})
        for lead in shown.result_list:
            lead.told = told.get(lead.pk, {})
        return shown

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The dialogs act on what the list shows: their addresses carry what it is narrowed by."""
        response = super().changelist_view(request, extra_context)  # type: ignore[misc]
        context = getattr(response, "context_data", None)
        if context is not None:
            query = urlencode([(name, value) for name, value in request.GET.items() if name != "p"])
            buttons = context.get("actions_list", [])
            context["actions_list"] = [
                {
                    **button,
                    "path": f"{button['path']}?{query}" if query else button["path"],
                    "attrs": {**(button.get("attrs") or {}), "data-of-picked": ""},
                }
                for button in buttons
            ]
            context["total"] = _total(context["cl"]).of_leads
            export = reverse("admin:leads_lead_export")
            context["export_url"] = f"{export}?{query}" if query else export
        return response

    def export_view(self, request: HttpRequest) -> Any:
        """What the list shows, as a CSV. By POST, since it leaves its line in the audit log."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        held = held_roles(request)
        shown = held.scope(shown_in(self, request))
        homes: list[int | None] = [None] if held.everywhere else [*held.organization_ids()]
        lines = export_leads(
            leads=shown,
            organization_ids=homes,
            told=_narrowed(request),
            actor=Actor.of_request(request, via="admin"),
        )
        headers = {"Content-Disposition": f'attachment; filename="leads-{timezone.now():%Y-%m-%d}.csv"'}
        return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)

    @display(description=mark_safe('<input type="checkbox" data-pick-all aria-label="Pick all on this page">'))
    def pick(self, lead: Lead) -> SafeString:
        return format_html('<input type="checkbox" data-pick value="{}" aria-label="Pick {}">', lead.pk, lead)

    @display(description="Campaigns")
    def campaign_count(self, lead: Lead) -> str:
        number = lead.told.get("active", 0)  # type: ignore[attr-defined]
        return f"{number} active" if number else "—"

    @display(description="Last contacted")
    def last_contacted(self, lead: Any) -> str:
        return moment(lead.told.get("mailed"))

    @display(description="Last reply")
    def last_reply(self, lead: Any) -> str:
        return moment(lead.told.get("replied"))

    @display(description="Source")
    def source(self, lead: Lead) -> str:
        came = lead.lead_import
        return format_html('<span title="{}">{}</span>', came, came.file_name or came) if came else "by hand or API"


def _narrowed(request: HttpRequest) -> str:
    """What the list is narrowed by, for the audit log, which can never be erased: of a search, mostly for a person,
    that there was one, and the rest as it was typed, so that an address in it is known as one."""
    parts = [f"{name}={'…' if name == SEARCH_VAR else value}" for name, value in request.GET.items() if value]
    return f"narrowed by {', '.join(parts)}" if parts else ""


def _total(shown: Any) -> Count:
    """How many the list has. Where not even the page was found in time, there is none to count them either."""
    around = shown.around
    if around is not None and around.is_nobody:
        return Count(0)
    if around is not None and around.looked:
        here = Count(len(shown.result_list), is_capped=True)
        return max(estimate(shown.queryset), here, key=lambda each: each.number)
    return count(shown.queryset, longest=LONGEST_COUNT)


def _told(leads: set[int]) -> dict[int, dict[str, Any]]:
    """By lead: in how many campaigns it is active, when the last mail went out and the last reply came in."""
    rows = Recipient.objects.living().filter(lead__in=leads).order_by().values("lead")
    found: dict[int, dict[str, Any]] = {
        row["lead"]: {**row}
        for row in rows.annotate(
            active=models.Count("pk", filter=Q(status__in=RecipientStatus.IN)), replied=Max("replied_at")
        )
    }
    mails = Message.objects.living().filter(recipient__lead__in=leads).order_by().values("recipient__lead")
    for row in mails.annotate(mailed=Max("sent_at")):
        found[row["recipient__lead"]]["mailed"] = row["mailed"]
    return found
