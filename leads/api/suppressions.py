"""/suppressions: who is never to be written to again."""

from typing import Any

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns_project.errors import Refused
from campaigns_project.rest.filtering import AnyOf, CreatedFilters
from campaigns_project.rest.serializers import LineField, StrictSerializer
from campaigns_project.rest.viewsets import ApiViewSet, Reads
from leads.addresses import domain_of, normalize_address
from leads.models import Suppression, SuppressionReason
from leads.suppression import suppress, unsuppress

CHECK_MAX = 1_000  # addresses in one question


class SuppressionSerializer(serializers.ModelSerializer):
    """An address, or a whole domain."""

    class Meta:
        model = Suppression
        fields = ["id", "address", "reason", "source", "created_at"]
        read_only_fields = fields


class NewSuppressionSerializer(StrictSerializer):
    """Whom not to write to any more."""

    address = LineField(max_length=320, help_text="An address (ana@example.com) or a domain (example.com).")
    reason = serializers.ChoiceField(SuppressionReason.choices, default=SuppressionReason.MANUAL)
    source = LineField(max_length=120, default="API", help_text="What led to it.")  # type: ignore[assignment]


class CheckSerializer(StrictSerializer):
    """Addresses to ask about."""

    addresses = serializers.ListField(child=LineField(max_length=320), min_length=1, max_length=CHECK_MAX)


class CheckedSerializer(serializers.Serializer):
    """The answer for one address."""

    address = serializers.CharField(help_text="As asked.")
    allowed = serializers.BooleanField()
    code = serializers.CharField(help_text="The reason where it is not allowed; invalid_address; empty where it is.")
    suppressed = serializers.CharField(help_text="The suppressed address or domain; empty where there is none.")


class SuppressionFilters(CreatedFilters):
    reason = AnyOf(choices=SuppressionReason.choices)
    q = filters.CharFilter("address", "contains", label="A part of the address, in small letters.")

    class Meta:
        model = Suppression
        fields: list[str] = []


class SuppressionViewSet(Reads, ApiViewSet):
    """Whoever is here gets nothing more, from any campaign of the organization."""

    tag = "suppressions"
    noun = ("a suppression", "suppressions")
    queryset = Suppression.objects.all()
    serializer_class = SuppressionSerializer
    filterset_class = SuppressionFilters
    query_parameters = {"destroy": frozenset({"reason"})}

    @extend_schema(
        summary="Suppress an address or a domain",
        description="The person leaves all campaigns at once. Done twice it answers what is there (200).",
        request=NewSuppressionSerializer,
        responses={201: SuppressionSerializer, 200: SuppressionSerializer},
    )
    def create(self, request: Request) -> Response:
        asked = NewSuppressionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        now = timezone.now()
        made = suppress(
            **{**asked.validated_data, "reason": SuppressionReason(asked.validated_data["reason"])},
            organization=self.organization,
            actor=self.actor,
            created_by=request.user,  # type: ignore[arg-type]
            at=now,
        )
        code = status.HTTP_201_CREATED if made.created_at >= now else status.HTTP_200_OK
        location = {"Location": f"{request.path}/{made.pk}"}
        return Response(self.get_serializer(made).data, status=code, headers=location)

    @extend_schema(
        summary="Allow an address again",
        description="Puts nobody back into a campaign.",
        parameters=[OpenApiParameter("reason", required=True, description="Why this person may be written to again.")],
    )
    def destroy(self, request: Request, **_address: str) -> Response:
        unsuppress(suppression=self.get_object(), actor=self.actor, reason=request.query_params.get("reason", ""))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(summary="Ask who may be written to", request=CheckSerializer, responses=CheckedSerializer(many=True))
    @action(detail=False, methods=["post"], pagination_class=None)
    def check(self, request: Request) -> Response:
        asked = CheckSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response(_check(self.get_queryset(), asked.validated_data["addresses"]))


def _check(suppressions: Any, addresses: list[str]) -> list[dict[str, Any]]:
    normal = {address: _normal(address) for address in addresses}
    targets = {target for address in normal.values() if address for target in (address, domain_of(address))}
    known = dict(suppressions.filter(address__in=targets).values_list("address", "reason"))
    return [_answer(asked, address, known) for asked, address in normal.items()]


def _answer(asked: str, address: str, known: dict[str, str]) -> dict[str, Any]:
    if not address:
        return {"address": asked, "allowed": False, "code": "invalid_address", "suppressed": ""}
    hit = next((target for target in (address, domain_of(address)) if target in known), "")
    return {"address": asked, "allowed": not hit, "code": known.get(hit, ""), "suppressed": hit}


def _normal(address: str) -> str:
    try:
        return normalize_address(address)
    except Refused:
        return ""
