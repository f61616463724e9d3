"""/campaigns/{campaign}/messages: the ledger, one step to one recipient a row."""

from collections.abc import Callable
from datetime import datetime

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.finding import InCampaign
from campaigns.api.verbs import ReasonSerializer
from campaigns.forgetting import kept_until
from campaigns.models import Message, MessageStatus
from campaigns.sending.content import content_of
from campaigns.sending.decide import send_again, treat_as_sent
from campaigns_project.accounts.roles import Role
from campaigns_project.rest.filtering import AnyOf, CreatedFilters, IdFilter
from campaigns_project.rest.viewsets import Reads


class MessageSerializer(serializers.ModelSerializer):
    """One step to one recipient. `uncertain` is never sent again by itself."""

    lead = serializers.IntegerField(source="recipient.lead_id", read_only=True)
    email_address = serializers.CharField(source="recipient.email_address", read_only=True)
    position = serializers.IntegerField(source="step.position", read_only=True)
    values_kept_until = serializers.SerializerMethodField(
        help_text="Until then its content can be shown again; null for ever, and while it is not settled."
    )

    class Meta:
        model = Message
        fields = [
            "id", "recipient", "lead", "email_address", "step", "position", "step_version", "variant", "sender",
            "subject", "status", "reason", "attempts", "message_id", "claimed_at", "attempted_at", "sent_at",
            "smtp_code", "smtp_reply", "values_kept_until", "values_cleared_at", "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_values_kept_until(self, message: Message) -> datetime | None:
        return kept_until(message, self.context["organization"])


@extend_schema_serializer(component_name="MessageContent")
class ContentSerializer(serializers.Serializer):
    """The mail as its recipient got it, but inert: its links lead where they point, opting out leads nowhere."""

    subject = serializers.CharField()
    html = serializers.CharField(help_text="Show it in a sandboxed frame only.")
    text = serializers.CharField()
    version = serializers.IntegerField(help_text="The version of the wording it was made of.")


class MessageFilters(CreatedFilters):
    status = AnyOf(choices=MessageStatus.choices)
    recipient = IdFilter("recipient", label="The number of a recipient.")
    lead = IdFilter("recipient__lead", label="The number of a lead.")
    step = IdFilter("step", label="The number of a step.")
    variant = IdFilter("variant", label="The number of a variant.")
    sender = IdFilter("sender", label="The number of a sender.")

    class Meta:
        model = Message
        fields: list[str] = []


class MessageViewSet(Reads, InCampaign):
    """A row is there from the moment a worker takes the mail in hand; before that, the recipient tells what is next."""

    rehearses = frozenset({"send_again", "treat_as_sent"})
    tag = "messages"
    noun = ("a message", "messages")
    queryset = Message.objects.select_related("recipient__campaign", "step").defer("merge_values")
    serializer_class = MessageSerializer
    filterset_class = MessageFilters
    campaign_path = "recipient__campaign"
    roles = {"treat_as_sent": Role.MANAGER, "send_again": Role.MANAGER}

    @extend_schema(
        summary="Show the content of a message",
        description="Made again from the kept wording and values; 404 (`content_not_kept`) where they are not there: "
        "the mail was never made, or its values were cleared for their age.",
        responses=ContentSerializer,
    )
    @action(detail=True, methods=["get"])
    def content(self, request: Request, **_address: str) -> Response:
        return Response(ContentSerializer(content_of(self.get_object())).data)

    @extend_schema(
        summary="Treat an uncertain message as sent",
        description="It counts as sent and its recipient goes on. Refused (409) when it is not uncertain.",
        request=ReasonSerializer,
        responses=MessageSerializer,
    )
    @action(detail=True, methods=["post"], url_path="treat-as-sent")
    def treat_as_sent(self, request: Request, **_address: str) -> Response:
        return self._decide(treat_as_sent)

    @extend_schema(
        summary="Send an uncertain message again",
        description="Under the same Message-ID; the person may get it twice. Refused (409) when it is not uncertain.",
        request=ReasonSerializer,
        responses=MessageSerializer,
    )
    @action(detail=True, methods=["post"], url_path="send-again")
    def send_again(self, request: Request, **_address: str) -> Response:
        return self._decide(send_again)

    def _decide(self, decide: Callable[..., Message]) -> Response:
        message = self.get_object()
        asked = ReasonSerializer(data=self.request.data)
        asked.is_valid(raise_exception=True)
        decided = decide(message=message, actor=self.actor, now=timezone.now(), **asked.validated_data)
        return Response(self.get_serializer(decided).data)
