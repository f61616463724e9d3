"""What imports have to do with campaigns: drafts to put their people into, and a new campaign with them."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextInputWidget

from campaigns.enrollment.from_import import create_from_import
from campaigns.models import Campaign, CampaignStatus
from campaigns_project.accounts.admin.dialogs import ActDialog, dialog_action
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from leads.admin.importing.choosing import offer_campaigns
from leads.admin.imports import LeadImportAdmin
from leads.models import ImportStatus, LeadImport

OFFERED = 100  # the newest drafts; whoever has more enrolls from the campaign's page


class CreateCampaign(ActDialog):
    needs = Role.OPERATOR
    label = "Create campaign with them"
    icon = "campaign"
    variant = ActionVariant.PRIMARY
    title = "A new campaign with these people"
    description = (
        "A draft is made, and everybody this import brought or met is enrolled in it, but for those who may not be "
        "written to or are active in another campaign. Nothing is sent before you start it."
    )
    submit_text = "Create campaign"

    made: Campaign | None = None
    name = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["name"].initial = PurePath(self.object.file_name).stem[:200]

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        is_through = obj.status in ImportStatus.ended and obj.undone_at is None and obj.rows_removed_at is None
        return is_through and obj.rows_done > obj.problem_count and super().offered(request, obj)

    def act(self) -> str:
        self.made = create_from_import(lead_import=self.object, name=self.cleaned_data["name"], actor=self.actor)
        return f"“{self.made}” is a draft. A worker is enrolling the people of {self.object.file_name}."

    def next_url(self) -> str:
        if self.made is None:
            return super().next_url()
        return reverse("admin:campaigns_campaign_change", args=[self.made.pk])


@admin.register(LeadImport)
class ImportAdmin(LeadImportAdmin):
    """The pages of imports, with what campaigns add to them."""

    actions_detail = [*LeadImportAdmin.actions_detail, "create_campaign"]

    create_campaign = dialog_action(CreateCampaign)


def drafts(organization: Organization) -> Sequence[tuple[int, str]]:
    """The newest drafts of an organization, for the options of an import."""
    found = Campaign.objects.living().for_organization(organization).filter(status=CampaignStatus.DRAFT)
    return list(found.order_by("-pk").values_list("pk", "name")[:OFFERED])


offer_campaigns(drafts)
