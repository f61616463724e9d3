"""Putting people into a campaign that is chosen, as a dialog: one of them, or all that a list shows."""

from typing import Any

from django import forms
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminSelectWidget

from campaigns.admin.audience import enrollment_sentence
from campaigns.enrollment import Selection, ask_enrollment
from campaigns.models import Campaign, CampaignQuerySet, CampaignStatus
from campaigns_project.accounts.admin.dialogs import ActDialog
from campaigns_project.accounts.roles import Role


class IntoCampaign(ActDialog):
    """Subclasses say which campaigns are offered, and whom `act` puts into the chosen one."""

    needs = Role.OPERATOR
    label = "Add to campaign"
    icon = "group_add"
    submit_text = "Enroll"

    campaign = forms.ModelChoiceField(Campaign.objects.none(), widget=UnfoldAdminSelectWidget, empty_label="Choose one")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        open_ones = self.own(Campaign.objects.living()).filter(status__in=CampaignStatus.editable)
        self.fields["campaign"].queryset = open_ones

    def own(self, campaigns: CampaignQuerySet) -> CampaignQuerySet:
        """Those of `campaigns` that these people may be put into."""
        raise NotImplementedError

    def enrolled(self, *lead_ids: int) -> str:
        """Put them in; the sentence that says how many came in, and why others did not, or who puts them in."""
        campaign = self.cleaned_data["campaign"]
        chosen = Selection(lead_ids=lead_ids)
        result = ask_enrollment(campaign=campaign, selection=chosen, actor=self.actor, now=self.now)
        return format_html("{}: {}", campaign, enrollment_sentence(result))
