"""The list of leads with all that is known of them: campaigns, last mail, last reply; acts on all that it shows."""

from collections.abc import Callable
from copy import copy
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.admin.options import IncorrectLookupParameters
from django.db import models, transaction
from django.db.models import Exists, Max, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from campaigns.admin.audience import enrollment_sentence
from campaigns.admin.filters import OfCampaign
from campaigns.enrollment import Selection, enroll
from campaigns.models import Campaign, CampaignStatus, Message, Recipient, RecipientStatus
from campaigns_project.accounts.admin.dialogs import ActDialog, dialog_action
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import moment
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import Refused
from campaigns_project.keys import key_of
from leads.bulk import suppress_leads
from leads.exporting import export_leads
from leads.models import Lead, LeadQuerySet
from leads.segments.asking import Asking
from leads.segments.counting import Count, count, estimate
from leads.segments.fields import find_field
from leads.tags import tag_leads, untag_leads

MOST_NAMED = 1_000_000  # leads whose numbers are handed to one enrollment
LONGEST_COUNT = 50  # milliseconds, beside those of the page
PICKED = "picked"  # in the address of an act: the numbers of the leads whose boxes are checked, with commas
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


class OfTheList(ActDialog):
    """An act on all leads that the list shows now, on whatever page, or on those of them that were picked: the address
    carries what it is narrowed by."""

    needs = Role.OPERATOR

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._shown = shown_in(self.admin, self.request)

    @property
    def description(self) -> str:
        whom = "those you picked" if PICKED in self.request.GET else "all that the list shows now"
        return f"{count(self.leads).of_leads}: {whom}."

    @property
    def leads(self) -> LeadQuerySet:
        """Those of organizations in which the user may work."""
        own = Lead.objects.filter(pk__in=self._shown.order_by().values("pk"))
        return held_roles(self.request).scope(own, self.needs)

    @transaction.atomic
    def in_each(self, do: Callable[[Organization], int]) -> int:
        """Do it in each organization these leads are of, in all or in none; how many came of it together."""
        theirs = Exists(self.leads.filter(organization=OuterRef("pk")))
        return sum(do(home) for home in Organization.objects.filter(theirs).order_by("pk"))

    def next_url(self) -> str:
        query = _without_picked(self.request).urlencode()
        return f"{super().next_url()}?{query}" if query else super().next_url()


class TagThese(OfTheList):
    label = "Tag"
    icon = "sell"
    title = "Tag these leads"
    submit_text = "Put tags on"

    tags = forms.CharField(
        widget=UnfoldAdminTextInputWidget, help_text="Separated by commas. A tag that does not exist yet is made."
    )

    def act(self) -> str:
        done = self.in_each(
            lambda home: tag_leads(organization=home, leads=self.leads, names=self.names, actor=self.actor)
        )
        return f"{done:,} lead{' has' if done == 1 else 's have'} a tag they did not have before."

    @property
    def names(self) -> list[str]:
        """What was typed, tag by tag."""
        return [name.strip()[:60] for name in self.cleaned_data["tags"].split(",") if name.strip()]


class UntagThese(TagThese):
    label = "Untag"
    icon = "label_off"
    title = "Take tags off these leads"
    submit_text = "Take tags off"

    tags = forms.CharField(widget=UnfoldAdminTextInputWidget, help_text="Separated by commas.")

    def act(self) -> str:
        done = self.in_each(
            lambda home: untag_leads(organization=home, leads=self.leads, names=self.names, actor=self.actor)
        )
        return f"{done:,} tag{' was' if done == 1 else 's were'} taken off."


class EnrollThese(OfTheList):
    label = "Add to campaign"
    icon = "group_add"
    title = "Add these leads to a campaign"
    submit_text = "Enroll"

    campaign = forms.ModelChoiceField(Campaign.objects.none(), widget=UnfoldAdminSelectWidget, empty_label="Choose one")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        mine = held_roles(self.request).scope(Campaign.objects.living(), self.needs)
        self.fields["campaign"].queryset = mine.filter(status__in=CampaignStatus.editable)

    def act(self) -> str:
        campaign = self.cleaned_data["campaign"]
        own = self.leads.filter(organization=campaign.organization).values_list("pk", flat=True)
        numbers = tuple(own[: MOST_NAMED + 1])
        if not numbers:
            message = f"None of these leads is of {campaign.organization}."
            raise Refused("none_to_enroll", message, "Choose another campaign.", {"field": "campaign"})
        if len(numbers) > MOST_NAMED:
            message = f"More than {MOST_NAMED:,} leads are meant."
            raise Refused("too_many_to_enroll", message, "Enroll a segment on the campaign's page.")
        result = enroll(campaign=campaign, selection=Selection(lead_ids=numbers), actor=self.actor, now=self.now)
        return f"{campaign}: {enrollment_sentence(result)}"


class SuppressThese(OfTheList):
    label = "Suppress"
    icon = "block"
    title = "Never write to these people again?"
    submit_text = "Suppress addresses"
    is_final = True

    def act(self) -> str:
        done = self.in_each(
            lambda home: suppress_leads(
                organization=home,
                leads=self.leads,
                source="the list of leads",
                actor=self.actor,
                created_by=self.request.user,
                at=self.now,
            )
        )
        return f"{done:,} {'person gets' if done == 1 else 'people get'} nothing more."


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
            told=f"narrowed by {request.GET.urlencode()}" if request.GET else "",
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
        return str(lead.lead_import) if lead.lead_import else "by hand"


def shown_in(model_admin: Any, request: HttpRequest) -> Any:
    """The leads that the list at this address shows, of these only those picked where the address names any; Http404
    where it is narrowed by what the list does not know."""
    asked = copy(request)
    asked.GET = _without_picked(request)  # the list itself knows nothing of it
    try:
        shown = model_admin.unread_list(asked).queryset
    except IncorrectLookupParameters:
        raise Http404("The list of leads cannot be narrowed by this.") from None
    if PICKED not in request.GET:
        return shown
    picked = [key_of(number) for number in request.GET[PICKED].split(",")]
    if None in picked:
        raise Http404("Leads are picked by their numbers.")
    return shown.filter(pk__in=picked)


def _total(shown: Any) -> Count:
    """How many the list has. Where not even the page was found in time, there is none to count them either."""
    around = shown.around
    if around is not None and around.is_nobody:
        return Count(0)
    if around is not None and around.looked:
        here = Count(len(shown.result_list), is_capped=True)
        return max(estimate(shown.queryset), here, key=lambda each: each.number)
    return count(shown.queryset, longest=LONGEST_COUNT)


def _without_picked(request: HttpRequest) -> Any:
    query = request.GET.copy()
    query.pop(PICKED, None)
    return query


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
