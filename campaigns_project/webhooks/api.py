"""/webhook-endpoints and /webhook-deliveries: where we tell others what happened, and what became of it."""

from typing import Any, cast

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns_project.accounts.api import role_of_request
from campaigns_project.accounts.roles import Role
from campaigns_project.rest.filtering import AnyOf, CreatedFilters, IdFilter
from campaigns_project.rest.schema import example
from campaigns_project.rest.serializers import LineField, StrictModelSerializer, StrictSerializer, refuse_a_body
from campaigns_project.rest.viewsets import ApiViewSet, Changes, Creates, Deletes, Reads
from campaigns_project.webhooks.endpoints import (
    LONGEST_REASON,
    check_event_types,
    disable,
    enable,
    prepare,
    remove,
    resend,
    rotate_secret,
    send_test,
    settle_address,
)
from campaigns_project.webhooks.events import SUBSCRIBABLE, EventType
from campaigns_project.webhooks.models import DeliveryStatus, EndpointStatus, WebhookDelivery, WebhookEndpoint


@example("Replies and bounces", url="https://example.com/hooks", event_types=["recipient.replied", "recipient.bounced"])
class WebhookEndpointSerializer(StrictModelSerializer):
    """An address that is told what happens. Its secret is shown once, where it is made."""

    url = serializers.CharField(
        allow_null=False,
        help_text="https://… . Whole for managers and owners, and null for others: it may hold a token.",
    )
    event_types = serializers.MultipleChoiceField(
        choices=SUBSCRIBABLE,
        required=False,
        help_text="Which events it is told of. Empty: all but `message.sent`, one for each mail, which is asked for by "
        "name.",
    )

    class Meta:
        model = WebhookEndpoint
        fields = [
            "id", "url", "shown_url", "description", "event_types", "status", "status_reason", "disabled_at",
            "failing_since", "previous_secret_until", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = [
            "shown_url", "status", "status_reason", "disabled_at", "failing_since", "previous_secret_until",
            "created_at", "updated_at",
        ]  # fmt: skip
        extra_kwargs = {
            "previous_secret_until": {"help_text": "Until then the secret before the last rotation signs as well."},
            "failing_since": {"help_text": "No event has come through since then; null where the last one did."},
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "event_types" in attrs:
            attrs["event_types"] = check_event_types(attrs["event_types"])
        attrs = super().validate(attrs)
        if "url" in attrs:
            settle_address(cast(WebhookEndpoint, self._would_be(attrs)))
        return attrs

    def create(self, validated_data: dict[str, Any]) -> WebhookEndpoint:
        endpoint = prepare(WebhookEndpoint(**validated_data), actor=self.context["view"].actor)
        endpoint.save()
        return endpoint

    def update(self, instance: Any, validated_data: dict[str, Any]) -> Any:
        changed = super().update(instance, validated_data)
        if "url" in validated_data:
            settle_address(instance)
            instance.save(update_fields=["url", "shown_url"])
        return changed

    def to_representation(self, instance: Any) -> dict[str, Any]:
        shown = super().to_representation(instance)
        may_see = role_of_request(self.context["request"]).covers(Role.MANAGER)
        return {**shown, "url": str(instance.url) if may_see else None, "event_types": list(instance.event_types)}


class EndpointWithSecretSerializer(WebhookEndpointSerializer):
    """The endpoint with its new secret, this once."""

    class Meta(WebhookEndpointSerializer.Meta):
        fields = [*WebhookEndpointSerializer.Meta.fields, "secret"]
        read_only_fields = [*WebhookEndpointSerializer.Meta.read_only_fields, "secret"]


class WebhookDeliverySerializer(StrictModelSerializer):
    """One event to one endpoint."""

    data = serializers.DictField(  # type: ignore[assignment]
        source="payload", read_only=True, help_text="What the body has as `data`."
    )

    class Meta:
        model = WebhookDelivery
        fields = [
            "id", "endpoint", "event_id", "event_type", "occurred_at", "data", "status", "attempts", "next_try_at",
            "tried_at", "finished_at", "response_status", "response_body", "error", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class DisableSerializer(StrictSerializer):
    """Why, for who sees it disabled."""

    reason = LineField(max_length=LONGEST_REASON, required=False)


class WebhookEndpointFilters(CreatedFilters):
    status = AnyOf(choices=EndpointStatus.choices)
    event_type = filters.ChoiceFilter(
        choices=SUBSCRIBABLE, method="naming", label="Endpoints that name this type of event."
    )

    class Meta:
        model = WebhookEndpoint
        fields: list[str] = []

    def naming(self, endpoints: Any, _name: str, value: str) -> Any:
        return endpoints.filter(event_types__contains=[value])


class WebhookDeliveryFilters(CreatedFilters):
    endpoint = IdFilter(label="The number of the endpoint.")
    event_type = AnyOf(choices=EventType.choices)
    status = AnyOf(choices=DeliveryStatus.choices)
    event_id = filters.CharFilter(label="The id of an event, as receivers know it.")

    class Meta:
        model = WebhookDelivery
        fields: list[str] = []


WITH_SECRET = extend_schema(
    responses={201: EndpointWithSecretSerializer},
    description="`secret` in the answer is shown this once. Each event is a POST, signed as Standard Webhooks say; its "
    "body is described under `webhooks` of this document, with an example of each type.",
)


class WebhookEndpointViewSet(Reads, Creates, Changes, Deletes, ApiViewSet):
    """Told at least once and in no order; a receiver knows an event it had by the header `webhook-id`."""

    # POST shows a secret, which would be none.
    rehearses = frozenset({"partial_update", "destroy", "disable", "enable"})
    tag = "webhooks"
    noun = ("a webhook endpoint", "webhook endpoints")
    queryset = WebhookEndpoint.objects.all()
    serializer_class = WebhookEndpointSerializer
    filterset_class = WebhookEndpointFilters
    shows = frozenset({"retrieve", "partial_update"})  # the answer to POST has the secret, which no other has
    live = frozenset({"failing_since"})
    roles = dict.fromkeys(
        ("create", "partial_update", "destroy", "rotate_secret", "test", "disable", "enable"), Role.MANAGER
    )

    @WITH_SECRET
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        self.perform_create(serializer)
        shown = EndpointWithSecretSerializer(serializer.instance, context=self.get_serializer_context()).data
        return Response(shown, status=status.HTTP_201_CREATED, headers=self.get_success_headers(shown))

    def perform_destroy(self, instance: Any) -> None:
        remove(endpoint=instance, actor=self.actor)

    @extend_schema(
        summary="Make a new secret",
        description="`secret` in the answer is shown this once. The one before signs as well for a day, so that every "
        "receiver can be told in peace.",
        request=None,
        responses=EndpointWithSecretSerializer,
    )
    @action(detail=True, methods=["post"], url_path="rotate-secret")
    def rotate_secret(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        endpoint = rotate_secret(endpoint=self.get_object(), actor=self.actor, now=timezone.now())
        return Response(EndpointWithSecretSerializer(endpoint, context=self.get_serializer_context()).data)

    @extend_schema(
        summary="Send a test event",
        description="`webhook.test` is put on its way as any event is; the delivery in the answer tells what becomes "
        "of it. Refused (409) while the endpoint is disabled.",
        request=None,
        responses={202: WebhookDeliverySerializer},
    )
    @action(detail=True, methods=["post"])
    def test(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        delivery = send_test(endpoint=self.get_object(), actor=self.actor, now=timezone.now())
        where = {"Location": f"/api/v1/webhook-deliveries/{delivery.pk}"}
        return Response(WebhookDeliverySerializer(delivery).data, status=status.HTTP_202_ACCEPTED, headers=where)

    @extend_schema(
        summary="Disable a webhook endpoint",
        description="It is told nothing more; what waits is abandoned, and can be sent again later.",
        request=DisableSerializer,
        responses=WebhookEndpointSerializer,
    )
    @action(detail=True, methods=["post"])
    def disable(self, request: Request, **_address: str) -> Response:
        asked = DisableSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        told = {"actor": self.actor, "now": timezone.now(), **asked.validated_data}
        return Response(self.get_serializer(disable(endpoint=self.get_object(), **told)).data)

    @extend_schema(
        summary="Enable a webhook endpoint",
        description="It is told what happens from now on. What it missed: `/webhook-deliveries/{id}/resend`, or "
        "`manage.py resend_webhooks` for all of it.",
        request=None,
        responses=WebhookEndpointSerializer,
    )
    @action(detail=True, methods=["post"])
    def enable(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        endpoint = enable(endpoint=self.get_object(), actor=self.actor, now=timezone.now())
        return Response(self.get_serializer(endpoint).data)


class WebhookDeliveryViewSet(Reads, ApiViewSet):
    """Newest first; kept for 30 days."""

    rehearses = frozenset({"resend"})
    tag = "webhooks"
    noun = ("a webhook delivery", "webhook deliveries")
    queryset = WebhookDelivery.objects.all()
    serializer_class = WebhookDeliverySerializer
    filterset_class = WebhookDeliveryFilters
    roles = {"resend": Role.MANAGER}

    @extend_schema(
        summary="Send a delivery again",
        description="With the same id and data. Refused (409) while it waits, and while its endpoint is disabled.",
        request=None,
        responses=WebhookDeliverySerializer,
    )
    @action(detail=True, methods=["post"])
    def resend(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        delivery = resend(delivery=self.get_object(), actor=self.actor)
        return Response(self.get_serializer(delivery).data)


ROUTES: tuple[tuple[str, Any, str], ...] = (
    ("webhook-endpoints", WebhookEndpointViewSet, "webhook-endpoint"),
    ("webhook-deliveries", WebhookDeliveryViewSet, "webhook-delivery"),
)
