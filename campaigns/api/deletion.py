"""The end of a campaign: taken out whole, counted, deleted."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.finding import find_campaign
from campaigns.api.jobs import JobSerializer
from campaigns.deletion import preview, request_deletion
from campaigns.deletion.errors import ConfirmationMissing
from campaigns.deletion.export import ZIP_TYPE, export_name, stream_export
from campaigns.models import Campaign, Job
from campaigns_project.accounts.roles import Role
from campaigns_project.rest.filtering import of_the_query
from campaigns_project.rest.renderers import ZipRenderer
from campaigns_project.rest.serializers import StrictSerializer, refuse_a_body
from campaigns_project.states import ProgressStatus


class BlockerSerializer(serializers.Serializer):
    """What has to end before a deletion."""

    code = serializers.CharField(help_text="Stable, for programs.")
    message = serializers.CharField()


@extend_schema_serializer(component_name="DeletionImpact")
class ImpactSerializer(serializers.Serializer):
    """What a deletion would do."""

    subject = serializers.CharField(help_text="What was counted, e.g. “campaign 42”.")
    removed = serializers.DictField(child=serializers.IntegerField(), help_text="Rows that would go, by kind.")
    stays = serializers.DictField(child=serializers.IntegerField(), help_text="What is left, by kind.")
    blockers = BlockerSerializer(many=True, help_text="While there is one, a deletion is refused.")
    missing = serializers.ListField(child=serializers.CharField(), help_text="Tables the database lacks.")
    counted_at = serializers.DateTimeField()
    seconds = serializers.FloatField(help_text="How long the counting took.")
    total = serializers.IntegerField(help_text="All rows that would go.")
    token = serializers.CharField(help_text="Stands for these numbers: a deletion is confirmed with it.")


class ConfirmationSerializer(StrictSerializer):
    """That it is meant."""

    confirm_name = serializers.CharField(max_length=200, help_text="The campaign's name as it is; capitals count.")
    token = serializers.CharField(max_length=200, help_text="Of the preview; refused if the numbers have changed.")
    reason = serializers.CharField(max_length=300, help_text="Kept for good, in the audit log and the tombstone.")


_CONFIRMATION = [
    OpenApiParameter(name, required=False, description=str(field.help_text))
    for name, field in ConfirmationSerializer().fields.items()
]


class CampaignDeletion:
    """Mixed into the campaigns' viewset. All of it needs a manager."""

    roles: ClassVar[Mapping[str, Role]] = dict.fromkeys(("deletion", "ask_deletion", "destroy", "export"), Role.MANAGER)
    query_parameters: ClassVar[Mapping[str, frozenset[str]]] = {"destroy": frozenset(ConfirmationSerializer().fields)}

    @extend_schema(
        summary="Ask what a deletion would remove",
        description="Counted now: what goes, what stays, and what has to end before. Nothing is changed. Its `token` "
        "confirms a deletion of exactly this.",
        responses=ImpactSerializer,
    )
    @action(detail=True)
    def deletion(self, request: Request, **_address: str) -> Response:
        impact = preview(campaign=self.get_object(), now=timezone.now())  # type: ignore[attr-defined]
        return Response(ImpactSerializer(impact.as_dict()).data)

    @extend_schema(
        summary="Delete a campaign",
        description="It shows nowhere from now on, and in the end nothing of it is left but its tombstone and the "
        "audit log; leads and suppressions stay. A small one is gone with the answer (200); a large one is deleted by "
        "a job (202, see Location). Refused with `wrong_name` (400), and (409) `stale_preview`, with the new numbers, "
        "`deletion_blocked`, with what has to end before, and `already_deleting`, with the job.",
        request=ConfirmationSerializer,
        responses={200: JobSerializer, 202: JobSerializer},
    )
    @deletion.mapping.post
    def ask_deletion(self, request: Request, **_address: str) -> Response:
        campaign = self._even_if_deleting()
        asked = ConfirmationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return self._deleted(campaign, asked.validated_data)

    @extend_schema(
        summary="Delete a campaign, by its own address",
        description="The same as POST …/deletion, with the confirmation in the query, since a DELETE has no body. "
        "Without it nothing is deleted: the refusal `deletion_not_confirmed` (409) has the numbers and the token.",
        parameters=_CONFIRMATION,
        responses={200: JobSerializer, 202: JobSerializer},
    )
    def destroy(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        campaign = self._even_if_deleting()
        if not request.query_params:
            raise ConfirmationMissing(preview(campaign=campaign, now=timezone.now()))
        asked = ConfirmationSerializer(data=request.query_params.dict())
        try:
            asked.is_valid(raise_exception=True)
        except ValidationError as error:
            raise of_the_query(error) from None
        return self._deleted(campaign, asked.validated_data)

    @extend_schema(
        summary="Take a campaign out whole",
        description="A ZIP: people, messages, events and what came in for the campaign as CSV, the campaign itself "
        "with steps, wordings, senders and jobs as JSON, and a manifest with rows and SHA-256 of each file. All tables "
        "are read as they stood at one moment. Streamed: an archive without its end was cut off, and no unpacker takes "
        "it. Nothing is changed but the audit log, which keeps who asked.",
        request=None,
        responses={(200, ZIP_TYPE): OpenApiTypes.BINARY},
    )
    @action(detail=True, methods=["post"], renderer_classes=[JSONRenderer, ZipRenderer])
    def export(self, request: Request, **_address: str) -> HttpResponseBase:
        refuse_a_body(request.data)
        campaign, now = self.get_object(), timezone.now()  # type: ignore[attr-defined]
        pieces = stream_export(campaign=campaign, actor=self.actor, now=now)  # type: ignore[attr-defined]
        return StreamingHttpResponse(
            pieces,
            content_type=ZIP_TYPE,
            headers={"Content-Disposition": f'attachment; filename="{export_name(campaign, now)}"'},
        )

    def _even_if_deleting(self) -> Campaign:
        """One that is being deleted shows nowhere; but who asks for its deletion again is told of the one under way."""
        own = Campaign.objects.for_organization(self.organization)  # type: ignore[attr-defined]
        return find_campaign(own, self.kwargs["id"])  # type: ignore[attr-defined]

    def _deleted(self, campaign: Campaign, confirmed: dict[str, Any]) -> Response:
        job = request_deletion(campaign=campaign, actor=self.actor, now=timezone.now(), **confirmed)  # type: ignore[attr-defined]
        return Response(
            JobSerializer(job).data, status=_answered_with(job), headers={"Location": f"/api/v1/jobs/{job.pk}"}
        )


def _answered_with(job: Job) -> int:
    return status.HTTP_200_OK if job.status in ProgressStatus.ended else status.HTTP_202_ACCEPTED
