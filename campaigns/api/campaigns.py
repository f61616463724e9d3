"""/campaigns: what is sent, to whom, when."""

from typing import Any

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from campaigns import preflight
from campaigns.api.automatic import CampaignAudience
from campaigns.api.campaign import COUNTED, CampaignSerializer
from campaigns.api.deletion import CampaignDeletion
from campaigns.api.fetching import CampaignFetching
from campaigns.api.finding import REFERENCE, find_campaign
from campaigns.api.instantly import CampaignDelivery
from campaigns.api.jobs import JobSerializer
from campaigns.api.standing import PreflightSerializer, ProgressSerializer, StandingSerializer
from campaigns.api.trials import TestSendSerializer, TestSentSerializer, sent_tests
from campaigns.api.verbs import CampaignVerbs
from campaigns.errors import StateConflict
from campaigns.models import Campaign, CampaignStatus
from campaigns.preflight import AT_ONCE
from campaigns.progress import progress
from campaigns.providers.instantly.choose import is_settled_elsewhere
from campaigns.why import why_campaign
from campaigns_project.errors import StateRefused
from campaigns_project.rest.filtering import AnyOf, CreatedFilters, IdFilter, Moment, TrueOrFalse
from campaigns_project.rest.schema import PATH_NAMES
from campaigns_project.rest.serializers import refuse_a_body
from campaigns_project.rest.viewsets import ApiViewSet, Changes, Creates, Reads


class CampaignFilters(CreatedFilters):
    status = AnyOf(choices=CampaignStatus.choices)
    q = filters.CharFilter("name", "icontains", label="A part of the name.")
    plan = IdFilter("plan", label="The number of the plan it is in.")
    is_automatic = TrueOrFalse(label="true: automatic ones; false: those whose people are put in by hand.")
    sender = IdFilter("campaign_senders__sender", label="The number of a sender it uses.")
    started_at__gte = Moment("started_at", "gte", label="Started at this time or later (RFC 3339).")
    started_at__lt = Moment("started_at", "lt", label="Started before this time (RFC 3339).")

    class Meta:
        model = Campaign
        fields: list[str] = []


class CampaignViewSet(
    Reads,
    Creates,
    Changes,
    CampaignVerbs,
    CampaignAudience,
    CampaignFetching,
    CampaignDelivery,
    CampaignDeletion,
    ApiViewSet,
):
    """`{id}` is the number or the campaign ID."""

    tag = "campaigns"
    noun = ("a campaign", "campaigns")
    queryset = Campaign.objects.select_related("organization")
    serializer_class = CampaignSerializer
    filterset_class = CampaignFilters
    lookup_value_regex = REFERENCE
    path_names = {"id": PATH_NAMES["campaign"]}
    roles = {
        **CampaignVerbs.roles,
        **CampaignAudience.audience_roles,
        **CampaignFetching.fetching_roles,
        **CampaignDelivery.delivery_roles,
        **CampaignDeletion.roles,
    }
    query_parameters = CampaignDeletion.query_parameters
    live = frozenset(COUNTED)
    rehearses = (
        frozenset({"create", "partial_update"})
        | CampaignVerbs.rehearsed_verbs
        | CampaignAudience.rehearsed_audience
        | CampaignFetching.rehearsed_source
    )
    guards = frozenset({"partial_update"})  # a deletion is bound to what was seen by its own token

    def get_object(self) -> Campaign:
        return find_campaign(self.get_queryset(), self.kwargs["id"])

    def parents(self) -> dict[str, Any]:
        return {**super().parents(), "created_by": self.request.user}

    def perform_update(self, serializer: BaseSerializer) -> None:
        campaign: Any = serializer.instance
        if campaign.status not in CampaignStatus.editable:
            raise StateConflict("edit", campaign.status)
        if is_settled_elsewhere(campaign):
            message = "Instantly delivers this campaign, and was given its settings with the start."
            raise StateRefused("handed_over", message, "Duplicate the campaign to change them.")
        super().perform_update(serializer)

    @extend_schema(
        summary="Ask what would go wrong",
        description=f"Every mail is made and thrown away for up to {AT_ONCE:,} mails. A larger campaign has "
        "what its last full check found, or `is_full` is false: POST has one made. Nothing is changed.",
        responses=PreflightSerializer,
    )
    @action(detail=True)
    def preflight(self, request: Request, **_address: str) -> Response:
        report = preflight.look(self.get_object(), now=timezone.now())
        return Response(PreflightSerializer(report.as_dict()).data)

    @extend_schema(
        summary="Have every mail checked",
        description=f"Up to {AT_ONCE:,} mails are checked at once (200). More are made by a job (202): when it "
        "has succeeded, GET shows what it found and `start` goes through, until content or audience change.",
        request=None,
        responses={200: PreflightSerializer, 202: JobSerializer},
    )
    @preflight.mapping.post
    def check_all(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        campaign, now = self.get_object(), timezone.now()
        report = preflight.look(campaign, now=now)
        if report.is_full:
            return Response(PreflightSerializer(report.as_dict()).data)
        job = preflight.queue_check(campaign, actor=self.actor, now=now)
        return Response(
            JobSerializer(job).data, status=status.HTTP_202_ACCEPTED, headers={"Location": f"/api/v1/jobs/{job.pk}"}
        )

    @extend_schema(
        summary="Ask why it sends or does not",
        description="Every gate between the campaign and its next mail, which one decides, and when that mail goes.",
        responses=StandingSerializer,
    )
    @action(detail=True, url_path="sending-status")
    def sending_status(self, request: Request, **_address: str) -> Response:
        return Response(StandingSerializer(why_campaign(self.get_object(), now=timezone.now()).as_dict()).data)

    @extend_schema(
        summary="Send a test",
        description="A wording as a lead would get it, to your own addresses. Its subject begins with “[Test]”, "
        "nothing is tracked, opting out does nothing, nothing is counted. Answers what the mail server said.",
        request=TestSendSerializer,
        responses=TestSentSerializer,
    )
    @action(detail=True, methods=["post"], url_path="test-sends")
    def test_sends(self, request: Request, **_address: str) -> Response:
        return Response(
            TestSentSerializer(sent_tests(self.get_object(), request, self.actor, self.get_serializer_context())).data
        )

    @extend_schema(
        summary="See how far it is",
        description="The ledger, one sentence on where it stands, and when the next mail goes out.",
        responses=ProgressSerializer,
    )
    @action(detail=True)
    def progress(self, request: Request, **_address: str) -> Response:
        return Response(ProgressSerializer(progress(self.get_object(), now=timezone.now()).as_dict()).data)
