"""The page of a lead with everything we know: its fields, its campaigns, and what happened."""

from operator import itemgetter
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminSelectWidget

from campaigns.admin.audience import enrollment_sentence
from campaigns.admin.persons import PersonPages
from campaigns.admin.recipients import standing_sentence
from campaigns.enrollment import Selection, enroll
from campaigns.models import Campaign, CampaignStatus, Message, Recipient
from campaigns_project.accounts.admin.dialogs import ActDialog, dialog_action
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from leads.admin.people import LeadAdmin
from leads.models import Lead, SuppressionReason
from leads.suppression import find_suppression, suppress
from tracking.admin.lead_list import ContactFilter, InCampaignFilter, LeadList, NotInCampaignFilter
from tracking.models import EmailEvent

HAPPENINGS_SHOWN = 100  # of each kind, newest first


class AddToCampaign(ActDialog):
    needs = Role.OPERATOR
    label = "Add to campaign"
    icon = "group_add"
    title = "Add this person to a campaign"
    description = "Left out, with the reason, where the person may not be written to or is active elsewhere."
    submit_text = "Enroll"

    campaign = forms.ModelChoiceField(Campaign.objects.none(), widget=UnfoldAdminSelectWidget, empty_label="Choose one")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        own = Campaign.objects.living().for_organization(self.object.organization)
        self.fields["campaign"].queryset = own.filter(status__in=CampaignStatus.editable)

    def act(self) -> str:
        campaign = self.cleaned_data["campaign"]
        selection = Selection(lead_ids=(self.object.pk,))
        result = enroll(campaign=campaign, selection=selection, actor=self.actor, now=self.now)
        return f"{campaign}: {enrollment_sentence(result)}"


class SuppressLead(ActDialog):
    needs = Role.OPERATOR
    label = "Suppress"
    icon = "block"
    title = "Never write to this person again?"
    submit_text = "Suppress address"
    is_final = True

    @property
    def description(self) -> str:
        return f"{self.object.email} leaves every campaign at once. A manager can allow the address again."

    def act(self) -> str:
        suppress(
            organization=self.object.organization,
            address=self.object.email_normalized,
            reason=SuppressionReason.MANUAL,
            source="the lead's page",
            actor=self.actor,
            created_by=self.request.user,
            at=self.now,
        )
        return f"{self.object.email} gets nothing more."


@admin.register(Lead)
class LeadPageAdmin(PersonPages, LeadList, LeadAdmin):
    """The list with campaigns, last mail and last reply, and the page with what happened below the form."""

    list_display = [
        "person", "company", "tag_names", "state", "campaign_count", "last_contacted", "last_reply", "source",
    ]  # fmt: skip
    list_filter = [*LeadAdmin.list_filter[:-1], InCampaignFilter, NotInCampaignFilter, ContactFilter,
                   LeadAdmin.list_filter[-1]]  # fmt: skip
    change_form_outer_after_template = "tracking/admin/lead_story.html"
    actions_detail = ["add_to_campaign", "suppress", *LeadAdmin.actions_detail]

    add_to_campaign = dialog_action(AddToCampaign)
    suppress = dialog_action(SuppressLead)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        lead = self.object_or_404(request, object_id)
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **story(lead)})


def story(lead: Lead) -> dict[str, Any]:
    """What the page shows below the form: the campaigns of `lead` and everything that happened, newest first."""
    recipients = Recipient.objects.living().filter(lead=lead).select_related("campaign", "next_step")
    in_campaigns = [{"recipient": each, "sentence": standing_sentence(each)} for each in recipients]
    return {
        "in_campaigns": in_campaigns,
        "happenings": _happenings(lead),
        "suppression": find_suppression(lead.organization, lead.email_normalized),
    }


def _happenings(lead: Lead) -> list[dict[str, Any]]:
    found = [*_sent(lead), *_events(lead), *_acts(lead)]
    return sorted(found, key=itemgetter("at"), reverse=True)[:HAPPENINGS_SHOWN]


def _sent(lead: Lead) -> list[dict[str, Any]]:
    messages = Message.objects.living().filter(recipient__lead=lead).exclude(attempted_at=None)
    messages = messages.select_related("step__campaign", "variant", "sender")
    return [
        {
            "at": message.sent_at or message.attempted_at,
            "state": message.status,
            "text": f"Step {message.step.position} of “{message.step.campaign}”",
            "detail": f"{message.get_status_display()}: {message.variant.subject if message.variant else ''}",
            "url": reverse("admin:campaigns_message_change", args=[message.pk]),
        }
        for message in messages.order_by("-pk")[:HAPPENINGS_SHOWN]
    ]


def _events(lead: Lead) -> list[dict[str, Any]]:
    events = EmailEvent.objects.living().filter(campaign_recipient__lead=lead)
    events = events.select_related("campaign_recipient__campaign")
    return [
        {
            "at": event.created_at,
            "state": event.event_type,
            "text": f"{event.get_event_type_display()} in “{event.campaign_recipient.campaign}”",
            "detail": f"automated: {event.machine_reason}" if event.is_machine else event.event_data.get("url", ""),
            "url": reverse("admin:tracking_emailevent_change", args=[event.pk]),
        }
        for event in events.order_by("-pk")[:HAPPENINGS_SHOWN]
    ]


def _acts(lead: Lead) -> list[dict[str, Any]]:
    entries = AuditLog.objects.about(lead)[:HAPPENINGS_SHOWN]
    return [
        {
            "at": entry.created_at,
            "state": "",
            "text": f"{entry.action.replace('.', ' ').replace('_', ' ').capitalize()} by {entry.actor_name}",
            "detail": ", ".join(entry.after or {}),
            "url": "",
        }
        for entry in entries
    ]
