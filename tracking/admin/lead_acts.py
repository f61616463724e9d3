"""What can be done about a lead over all its campaigns, as dialogs."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from campaigns.admin.booking import booked_sentence
from campaigns.enrollment.booking import book, take_back_booking
from campaigns.enrollment.everywhere import de_enroll_everywhere
from campaigns.models import Campaign, CampaignQuerySet, Recipient
from campaigns_project.accounts.admin.dialogs import ActDialog
from campaigns_project.accounts.roles import Role
from campaigns_project.errors import StateRefused
from leads.models import Lead, SuppressionReason
from leads.suppression import suppress
from tracking.admin.into_campaign import IntoCampaign
from tracking.models import EventType
from tracking.reporting import report
from tracking.sources import Source


class AddToCampaign(IntoCampaign):
    title = "Add this person to a campaign"
    description = "Left out, with the reason, where the person may not be written to or is active elsewhere."

    def own(self, campaigns: CampaignQuerySet) -> CampaignQuerySet:
        return campaigns.for_organization(self.object.organization)

    def act(self) -> str:
        return self.enrolled(self.object.pk)


class DeEnrollEverywhere(ActDialog):
    needs = Role.OPERATOR
    label = "De-enroll"
    icon = "person_remove"
    title = "Take this person out of every campaign?"
    description = (
        "Gets nothing more from any of them, and cannot be put back into these. Other campaigns stay possible."
    )
    submit_text = "De-enroll from all"
    is_final = True

    reason = forms.CharField(
        label="Why", max_length=300, widget=UnfoldAdminTextInputWidget, help_text="Kept in the history."
    )

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return super().offered(request, obj) and Recipient.objects.living().inside().filter(lead=obj).exists()

    def act(self) -> str:
        reason = self.cleaned_data["reason"]
        left = de_enroll_everywhere(lead=self.object, actor=self.actor, now=self.now, reason=reason)
        if not left:
            raise StateRefused("already_out", f"{self.object.email} is in no campaign any more.")
        return f"{self.object.email} left {left} campaign{'' if left == 1 else 's'}."


class NoteBooking(ActDialog):
    needs = Role.OPERATOR
    label = "Note a booking"
    icon = "event_available"
    title = "Note that this person booked a meeting?"
    description = (
        "They leave every campaign that stops on a booking, and cannot be put back into it. No automatic campaign "
        "enrolls them from then on."
    )
    submit_text = "Note the booking"

    campaign = forms.ModelChoiceField(
        Campaign.objects.none(),
        required=False,
        label="It came of",
        widget=UnfoldAdminSelectWidget,
        empty_label="The campaigns they are in, or the one that wrote last",
    )
    reason = forms.CharField(
        label="What is known of it",
        required=False,
        max_length=300,
        widget=UnfoldAdminTextInputWidget,
        help_text="Optional; kept in the history.",
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        theirs = Campaign.objects.living().filter(recipients__lead=self.object)
        self.fields["campaign"].queryset = theirs.order_by("name")

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        theirs = Recipient.objects.living().filter(lead=obj)
        return super().offered(request, obj) and theirs.exists() and not theirs.filter(booked_at__isnull=False).exists()

    def act(self) -> str:
        asked = {name: self.cleaned_data[name] for name in ("campaign", "reason")}
        booked = book(lead=self.object, actor=self.actor, now=self.now, **asked)
        return booked_sentence(self.object.email, booked)


class TakeBackBooking(ActDialog):
    needs = Role.OPERATOR
    label = "Take booking back"
    icon = "event_busy"
    title = "Was the booking a mistake?"
    description = "It counts nowhere any more, and automatic campaigns may enroll them. Nobody is put back."
    submit_text = "Take the booking back"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        booked = Recipient.objects.living().filter(lead=obj, booked_at__isnull=False)
        return super().offered(request, obj) and booked.exists()

    def act(self) -> str:
        take_back_booking(lead=self.object, actor=self.actor, now=self.now)
        return f"That {self.object.email} booked a meeting counts nowhere any more."


class NoteReply(ActDialog):
    needs = Role.OPERATOR
    label = "They replied"
    icon = "reply"
    title = "Note that this person replied?"
    submit_text = "Note the reply"

    recipient = forms.ModelChoiceField(
        Recipient.objects.none(), label="To the mails of", widget=UnfoldAdminSelectWidget, empty_label=None
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        mailed = _mailed(self.object)
        self.fields["recipient"].queryset = mailed
        self.fields["recipient"].label_from_instance = lambda recipient: str(recipient.campaign)
        self.initial.setdefault("recipient", mailed.first())

    @property
    def description(self) -> str:
        return f"It counts as a reply, and {self.object.email} gets no further mail of a campaign that stops on reply."

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return super().offered(request, obj) and _mailed(obj).exists()

    def act(self) -> str:
        recipient = self.cleaned_data["recipient"]
        report(
            recipient=recipient,
            event_type=EventType.REPLY,
            at=self.now,
            actor=self.actor,
            now=self.now,
            source=Source.BY_HAND,
        )
        goes_on = "" if recipient.campaign.stop_on_reply else ", which goes on after a reply"
        return f"{self.object.email} replied to “{recipient.campaign}”{goes_on}."


def _mailed(lead: Lead) -> QuerySet[Recipient]:
    """As whom the lead got a mail, the latest first."""
    mailed = Recipient.objects.living().filter(lead=lead, sent_at__isnull=False)
    return mailed.select_related("campaign__organization", "lead").order_by("-sent_at", "-pk")


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
            is_stored=True,
        )
        return f"{self.object.email} gets nothing more."
