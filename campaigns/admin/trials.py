"""Test sends as a dialog: which wording, as whom, to which of one's own addresses."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.text import Truncator
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from campaigns.models import CampaignStatus, Sender, Variant
from campaigns.preflight.examples import by_address, worst_case
from campaigns.sending.trial import MARK, MOST_ADDRESSES, send_test
from campaigns_project.accounts.admin.dialogs import ActDialog
from campaigns_project.accounts.roles import Role
from campaigns_project.errors import StateRefused
from leads.models import Lead

WORST = "worst"
LEADS_OFFERED = 20


class SendTest(ActDialog):
    needs = Role.OPERATOR
    label = "Send test"
    icon = "outgoing_mail"
    title = "Send a test mail"
    description = (
        f"The mail as that person would get it, with “{MARK.strip()}” before its subject. It is not tracked and not "
        "counted, and its opt-out does nothing."
    )
    submit_text = "Send test"

    to = forms.CharField(
        label="To",
        max_length=1000,
        widget=UnfoldAdminTextInputWidget,
        help_text=f"Your own address; up to {MOST_ADDRESSES}, with commas between them.",
    )
    wording = forms.ModelChoiceField(Variant.objects.none(), empty_label=None, widget=UnfoldAdminSelectWidget)
    lead = forms.ChoiceField(label="As", widget=UnfoldAdminSelectWidget)
    somebody = forms.CharField(
        label="Or as",
        required=False,
        max_length=320,
        widget=UnfoldAdminTextInputWidget,
        help_text="The address of any lead of yours, in the place of the one above.",
    )
    sender = forms.ModelChoiceField(
        Sender.objects.none(), label="From", empty_label="The campaign's first", required=False,
        widget=UnfoldAdminSelectWidget,
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        campaign = self.object
        wordings = Variant.objects.filter(step__campaign=campaign).select_related("step__campaign__organization")
        self.fields["to"].initial = self.request.user.email
        self.fields["wording"].queryset = wordings.order_by("step__position", "-is_active", "label")
        self.fields["wording"].initial = wordings.order_by("step__position", "-is_active", "label").first()
        self.fields["wording"].label_from_instance = _named
        self.fields["sender"].queryset = Sender.objects.filter(campaign_senders__campaign=campaign).order_by("email")
        self.fields["lead"].choices = self._people()

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.status in CampaignStatus.editable and super().offered(request, obj)

    def act(self) -> str:
        results = send_test(
            variant=self.cleaned_data["wording"],
            lead=self._lead(),
            sender=self.cleaned_data["sender"],
            to=[address for address in self.cleaned_data["to"].split(",") if address.strip()],
            actor=self.actor,
            now=self.now,
        )
        sentences = " ".join(f"{result.address}: {result.sentence}" for result in results)
        if not all(result.is_sent for result in results):
            raise StateRefused("test_not_sent", f"Not every test was sent. {sentences}")
        return f"Test sent. {sentences}"

    def clean_somebody(self) -> str:
        address = self.cleaned_data["somebody"].strip()
        if address and by_address(self.object.organization, address) is None:
            raise forms.ValidationError(f"No lead of {self.object.organization} has the address {address}.")
        return address

    def _people(self) -> list[tuple[str, str]]:
        own = Lead.objects.filter(recipients__campaign=self.object).order_by("recipients__id")
        leads = own[:LEADS_OFFERED] or Lead.objects.for_organization(self.object.organization)[:LEADS_OFFERED]
        worst = [(WORST, "The worst case: whom we know least about")] if own else []
        return [*((str(lead.pk), f"{lead} ({lead.email})") for lead in leads), *worst]

    def _lead(self) -> Lead | None:
        if self.cleaned_data["somebody"]:
            return by_address(self.object.organization, self.cleaned_data["somebody"])
        chosen = self.cleaned_data["lead"]
        if chosen == WORST:
            return worst_case(self.object)
        return Lead.objects.for_organization(self.object.organization).filter(pk=chosen).first()


def _named(variant: Variant) -> str:
    off = "" if variant.is_active else " (switched off)"
    subject = "replies in the thread" if variant.step.is_reply else Truncator(variant.subject).chars(60)
    return f"Step {variant.step.position}, variant {variant.label}: {subject}{off}"
