"""What can be done about a lead over all its campaigns, as dialogs."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from campaigns.enrollment.everywhere import de_enroll_everywhere
from campaigns.models import CampaignQuerySet, Recipient
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
