"""The campaign an address speaks of, and views of what is below it."""

from functools import cached_property
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from campaigns.models import Campaign
from campaigns_project.rest.viewsets import ApiViewSet

# A number or a campaign ID; a campaign ID has at most 100 characters.
REFERENCE = "[-a-zA-Z0-9_]{1,100}"
IN_CAMPAIGN = rf"campaigns/(?P<campaign>{REFERENCE})"  # the address of what is below a campaign
_LONGEST_NUMBER = 18  # digits that always fit a bigint


def find_campaign(campaigns: QuerySet[Campaign], reference: str) -> Campaign:
    """The one of `campaigns` with this number or campaign ID; the number wins. Http404 where there is none."""
    wanted = Q(campaign_id=reference)
    if reference.isdecimal() and len(reference) <= _LONGEST_NUMBER:
        wanted |= Q(pk=int(reference))
    found = sorted(campaigns.filter(wanted), key=lambda campaign: campaign.campaign_id == reference)
    if not found:
        raise Http404
    return found[0]


class InCampaign(ApiViewSet):
    """Rows of one campaign; `campaign_path` leads from the row to it."""

    campaign_path: ClassVar[str] = "campaign"

    def find_parents(self) -> None:
        super().find_parents()
        _ = self.campaign  # without a campaign all of it is 404

    @cached_property
    def campaign(self) -> Campaign:
        living = Campaign.objects.for_organization(self.organization).living().select_related("organization")
        return find_campaign(living, self.kwargs["campaign"])

    def parents(self) -> dict[str, models.Model]:
        return {"campaign": self.campaign}

    def hold(self) -> Any:
        # First, as whoever edits what is below a campaign does: from two ends each would wait for the other.
        self.hold_campaign()
        return self.get_object()

    def hold_campaign(self) -> Campaign:
        """The campaign as it is, nobody else editing it or what is below before the transaction ends."""
        return get_object_or_404(Campaign.objects.living().select_for_update(no_key=True), pk=self.campaign.pk)

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        return rows.filter(**{self.campaign_path: self.campaign})
