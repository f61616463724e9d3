"""/campaigns/{campaign}/recipients: who is in it, and how that ended."""

from datetime import datetime

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.finding import InCampaign
from campaigns.api.jobs import JobSerializer
from campaigns.api.selecting import EnrolledSerializer, selection_of
from campaigns.api.standing import StandingSerializer
from campaigns.api.verbs import ReasonSerializer
from campaigns.enrollment import ask_enrollment, de_enroll
from campaigns.enrollment.asking import AT_ONCE
from campaigns.enrollment.take_in import SkipReason
from campaigns.models import ExitReason, Recipient, RecipientStatus
from campaigns.scheduling import leaves_at
from campaigns.why import why_recipient
from campaigns_project.errors import StateRefused, state_of
from campaigns_project.rest.filtering import AnyOf, CreatedFilters, IdFilter, Moment
from campaigns_project.rest.viewsets import Reads
from campaigns_project.states import ProgressStatus


class RecipientSerializer(serializers.ModelSerializer):
    """A lead inside this campaign."""

    next_position = serializers.IntegerField(
        source="next_step.position", read_only=True, allow_null=True, default=None, help_text="The step that is next."
    )

    next_send_at = serializers.SerializerMethodField(help_text="When the next mail is due and the window is open.")

    class Meta:
        model = Recipient
        fields = [
            "id", "lead", "email_address", "status", "next_step", "next_position", "next_send_at", "sender", "sent_at",
            "opened_at", "clicked_at", "replied_at", "bounced_at", "booked_at", "exit_reason", "exited_at",
            "error_message", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_next_send_at(self, recipient: Recipient) -> datetime | None:
        due = recipient.next_send_at
        return due and leaves_at(recipient.campaign, due, recipient.lead.timezone, now=timezone.now())


class EnrollmentSerializer(serializers.Serializer):
    """What came of it: everybody selected is either enrolled or counted under the reason why not."""

    enrolled = serializers.IntegerField()
    skipped = serializers.DictField(
        child=serializers.IntegerField(), help_text=f"By reason: {', '.join(SkipReason.values)}."
    )
    job = JobSerializer()


class RecipientFilters(CreatedFilters):
    status = AnyOf(choices=RecipientStatus.choices)
    exit_reason = AnyOf(choices=ExitReason.choices)
    lead = IdFilter("lead", label="The number of a lead.")
    sender = IdFilter("sender", label="The number of a sender.")
    q = filters.CharFilter("email_address", "icontains", label="A part of the address.")
    next_send_at__lt = Moment("next_send_at", "lt", label="Due before this time (RFC 3339).")

    class Meta:
        model = Recipient
        fields: list[str] = []


class RecipientViewSet(Reads, InCampaign):
    """Recipients are never deleted: who leaves keeps the reason and the time."""

    rehearses = frozenset({"create", "de_enroll"})
    tag = "recipients"
    noun = ("a recipient", "recipients")
    queryset = Recipient.objects.select_related("next_step", "campaign__organization", "lead")
    serializer_class = RecipientSerializer
    filterset_class = RecipientFilters

    @extend_schema(
        summary="Enroll leads",
        description=f"Up to {AT_ONCE:,} at once (200). More by a job (202), whose `result` has in the end what this "
        "answers: read it until it has ended. What is refused is refused at once either way.",
        request=EnrolledSerializer,
        responses={200: EnrollmentSerializer, 202: JobSerializer},
    )
    def create(self, request: Request, **_address: str) -> Response:
        asked = EnrolledSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        selection = selection_of(asked.validated_data)
        result = ask_enrollment(campaign=self.campaign, selection=selection, actor=self.actor, now=timezone.now())
        if result.job.status in ProgressStatus.ended:
            return Response(EnrollmentSerializer(result).data)
        at = {"Location": f"/api/v1/jobs/{result.job.pk}"}
        return Response(JobSerializer(result.job).data, status=status.HTTP_202_ACCEPTED, headers=at)

    @extend_schema(
        summary="Take a recipient out",
        description="Gets nothing more from this campaign, and cannot be put back. Refused (409) for one who has left.",
        request=ReasonSerializer,
        responses=RecipientSerializer,
    )
    @action(detail=True, methods=["post"], url_path="de-enroll")
    def de_enroll(self, request: Request, **_address: str) -> Response:
        recipient = self.get_object()
        asked = ReasonSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        if not de_enroll(recipient=recipient, actor=self.actor, now=timezone.now(), **asked.validated_data):
            raise StateRefused(
                "already_out",
                f"Recipient {recipient.pk} has left the campaign already.",
                details={**state_of(recipient.status), "exit_reason": recipient.exit_reason},
            )
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(
        summary="Ask why one gets a mail or does not",
        description="Every gate between the recipient and its next mail, which one decides, and when that mail goes.",
        responses=StandingSerializer,
    )
    @action(detail=True, url_path="sending-status")
    def sending_status(self, request: Request, **_address: str) -> Response:
        return Response(StandingSerializer(why_recipient(self.get_object(), now=timezone.now()).as_dict()).data)
