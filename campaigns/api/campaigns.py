"""/campaigns: what is sent, to whom, when."""

from typing import Any

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from campaigns import preflight
from campaigns.api.campaign import CampaignSerializer
from campaigns.api.finding import REFERENCE, find_campaign
from campaigns.api.standing import PreflightSerializer, ProgressSerializer
from campaigns.api.verbs import CampaignVerbs
from campaigns.errors import StateConflict
from campaigns.lifecycle import allowed_verbs
from campaigns.models import Campaign, CampaignStatus
from campaigns.progress import progress
from campaigns_project.rest.filtering import AnyOf, CreatedFilters, IdFilter
from campaigns_project.rest.schema import PATH_NAMES
from campaigns_project.rest.viewsets import ApiViewSet, Changes, Creates, Reads


class CampaignFilters(CreatedFilters):
    status = AnyOf(choices=CampaignStatus.choices)
    q = filters.CharFilter("name", "icontains", label="A part of the name.")
    sender = IdFilter("campaign_senders__sender", label="The number of a sender it uses.")
    started_at__gte = filters.IsoDateTimeFilter("started_at", "gte", label="Started at this time or later (RFC 3339).")
    started_at__lt = filters.IsoDateTimeFilter("started_at", "lt", label="Started before this time (RFC 3339).")

    class Meta:
        model = Campaign
        fields: list[str] = []


class CampaignViewSet(Reads, Creates, Changes, CampaignVerbs, ApiViewSet):
    """`{id}` is the number or the campaign ID."""

    tag = "campaigns"
    noun = ("a campaign", "campaigns")
    queryset = Campaign.objects.living().select_related("organization")
    serializer_class = CampaignSerializer
    filterset_class = CampaignFilters
    lookup_value_regex = REFERENCE
    path_names = {"id": PATH_NAMES["campaign"]}

    def get_object(self) -> Campaign:
        return find_campaign(self.get_queryset(), self.kwargs["id"])

    def parents(self) -> dict[str, Any]:
        return {**super().parents(), "created_by": self.request.user}

    def perform_update(self, serializer: BaseSerializer) -> None:
        campaign: Any = serializer.instance
        if campaign.status not in CampaignStatus.editable:
            raise StateConflict("edit", campaign.status, allowed_verbs(campaign))
        super().perform_update(serializer)

    @extend_schema(
        summary="Ask what keeps it from starting",
        description="Nothing is changed. `ready` is true when no problem has the level `block`.",
        responses=PreflightSerializer,
    )
    @action(detail=True)
    def preflight(self, request: Request, **_address: str) -> Response:
        problems = preflight.check(self.get_object())
        return Response({"ready": not any(p.blocks for p in problems), "problems": [p.as_dict() for p in problems]})

    @extend_schema(
        summary="See how far it is",
        description="The ledger, one sentence on where it stands, and when the next mail goes out.",
        responses=ProgressSerializer,
    )
    @action(detail=True)
    def progress(self, request: Request, **_address: str) -> Response:
        return Response(ProgressSerializer(progress(self.get_object(), now=timezone.now()).as_dict()).data)
