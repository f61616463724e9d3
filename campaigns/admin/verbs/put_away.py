"""What is done to a campaign in any state, or when it is over: duplicate, archive, restore."""

from typing import Any

from django import forms
from django.urls import reverse
from unfold.widgets import UnfoldAdminTextInputWidget

from campaigns import lifecycle
from campaigns.admin.verbs.verb import VerbDialog, WithReason, people
from campaigns.models import Campaign
from campaigns_project.accounts.admin.dialogs import ActDialog
from campaigns_project.accounts.roles import Role


class Archive(WithReason, VerbDialog):
    verb = "archive"
    label = "Archive"
    icon = "inventory_2"
    title = "Put this campaign into the archive?"
    submit_text = "Archive campaign"
    undone_by = "restore"

    @property
    def description(self) -> str:
        kept = "It leaves the usual lists; everything about it stays"
        inside = self.object.active_leads_count
        if not inside:
            return f"{kept}, and it can be restored."
        still = "is still in it, and leaves" if inside == 1 else "are still in it, and leave"
        return f"{kept}. {people(self.object)} {still} it for good; it can be restored once they have left."

    def said(self, campaign: Campaign) -> str:
        return f"“{campaign}” is in the archive."


class Restore(WithReason, VerbDialog):
    verb = "restore"
    label = "Restore"
    icon = "unarchive"
    title = "Take this campaign out of the archive?"
    description = "It stands in the usual lists again, as it was before: nothing is sent by that."
    submit_text = "Restore campaign"
    undone_by = "archive"

    def said(self, campaign: Campaign) -> str:
        return f"“{campaign}” is out of the archive: {campaign.get_status_display().lower()}, as it was."


class Duplicate(ActDialog):
    needs = Role.OPERATOR
    label = "Duplicate"
    icon = "content_copy"
    title = "Duplicate this campaign"
    description = "A new draft with the same steps, variants, senders and settings. Never its recipients."
    submit_text = "Make the copy"

    name = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["name"].initial = f"Copy of {self.object}"[:200]

    def act(self) -> str:
        self.object = lifecycle.duplicate(
            campaign=self.object, name=self.cleaned_data["name"], actor=self.actor, now=self.now
        )
        return f"“{self.object}” is a draft with the same content. Enroll leads to go on."

    def next_url(self) -> str:
        return reverse("admin:campaigns_campaign_change", args=[self.object.pk])
