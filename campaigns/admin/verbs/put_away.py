"""What is done to a campaign in any state, or when it is over: duplicate, archive."""

from typing import Any

from django import forms
from django.urls import reverse
from unfold.widgets import UnfoldAdminTextInputWidget

from campaigns import lifecycle
from campaigns.admin.verbs.verb import VerbDialog
from campaigns.models import Campaign
from campaigns_project.accounts.admin.dialogs import ActDialog
from campaigns_project.accounts.roles import Role


class Archive(VerbDialog):
    verb = "archive"
    label = "Archive"
    icon = "inventory_2"
    title = "Put this campaign into the archive?"
    description = "It leaves the usual lists; everything about it stays."
    submit_text = "Archive campaign"

    def said(self, campaign: Campaign) -> str:
        return f"“{campaign}” is in the archive."


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
