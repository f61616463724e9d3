"""/inbound-webhooks: what e-mail services reported, and what was put aside of it."""

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns_project.rest.filtering import AnyOf, IdFilter
from campaigns_project.rest.serializers import refuse_a_body
from campaigns_project.rest.viewsets import ApiViewSet, Reads
from tracking.inbound.retry import retry
from tracking.models import InboundWebhook, QuarantineCode, WebhookStatus


@extend_schema_field({"type": ["object", "array", "string", "number", "boolean", "null"], "items": {}})
class EventField(serializers.JSONField):
    """As a rule an object; but what is put aside may be put aside because it is none."""


class InboundWebhookSerializer(serializers.ModelSerializer):
    """One report of an e-mail service; of what is settled the counts alone are kept."""

    sender = serializers.IntegerField(
        source="sender_id", read_only=True, allow_null=True, help_text="Null for what Instantly reports."
    )
    event = EventField(read_only=True, help_text="The event that was put aside, as the service wrote it.")

    class Meta:
        model = InboundWebhook
        fields = [
            "id", "sender", "service", "status", "reason", "event", "body", "counted", "ignored", "put_aside",
            "received_at", "settled_at",
        ]  # fmt: skip
        read_only_fields = fields


class InboundWebhookFilters(filters.FilterSet):
    status = AnyOf(choices=WebhookStatus.choices)
    reason = AnyOf(choices=QuarantineCode.choices)
    sender = IdFilter("sender", label="The number of a sender.")

    class Meta:
        model = InboundWebhook
        fields: list[str] = []


class InboundWebhookViewSet(Reads, ApiViewSet):
    """Kept for 30 days."""

    tag = "senders"
    noun = ("an inbound webhook", "inbound webhooks")
    queryset = InboundWebhook.objects.all()
    serializer_class = InboundWebhookSerializer
    filterset_class = InboundWebhookFilters

    @extend_schema(
        summary="Try an inbound webhook again",
        description="One that is quarantined; `status` in the answer says what came of it.",
        request=None,
        responses=InboundWebhookSerializer,
    )
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        tried = retry(webhook=self.get_object(), actor=self.actor, now=timezone.now())
        return Response(self.get_serializer(tried).data)
