"""/sending-halts: emergency stops of the organization, and those of the whole system that hold its mail back too."""

from typing import Any

from django.db.models import Q
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import exceptions, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.verbs import ReasonSerializer
from campaigns.halts import LONGEST_REASON, halt, lift
from campaigns.models import SendingHalt
from campaigns_project.accounts.roles import Role
from campaigns_project.rest.filtering import TrueOrFalse
from campaigns_project.rest.serializers import LineField, StrictSerializer
from campaigns_project.rest.viewsets import ApiViewSet, Reads


@extend_schema_serializer(component_name="SendingHalt")
class HaltSerializer(serializers.ModelSerializer):
    """An emergency stop. While one is in force no mail leaves."""

    is_everywhere = serializers.SerializerMethodField(help_text="True for a stop of the whole system.")
    halted_by = serializers.SerializerMethodField()
    lifted_by = serializers.SerializerMethodField()

    class Meta:
        model = SendingHalt
        fields = [
            "id", "is_everywhere", "is_in_force", "reason", "halted_by", "halted_at", "lifted_by", "lifted_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_is_everywhere(self, halted: SendingHalt) -> bool:
        return halted.organization_id is None

    def get_halted_by(self, halted: SendingHalt) -> str:
        return halted.told_of(halted.halted_by)

    def get_lifted_by(self, halted: SendingHalt) -> str:
        return halted.told_of(halted.lifted_by)


class StopSerializer(StrictSerializer):
    """What to stop, and why."""

    reason = LineField(max_length=LONGEST_REASON, help_text="Everybody there reads it.")
    everywhere = serializers.BooleanField(
        default=False, help_text="Stop the whole system, not only this organization; for system administrators."
    )


class HaltFilters(filters.FilterSet):
    in_force = TrueOrFalse("lifted_at", "isnull", label="true: those nobody has lifted; false: those that were.")

    class Meta:
        model = SendingHalt
        fields: list[str] = []


class HaltViewSet(Reads, ApiViewSet):
    """Campaigns keep their state and nothing is lost; when the last stop is lifted, what came due leaves."""

    rehearses = ApiViewSet.rehearses | {"lift"}
    tag = "sending"
    noun = ("an emergency stop", "emergency stops")
    queryset = SendingHalt.objects.select_related("organization")
    serializer_class = HaltSerializer
    filterset_class = HaltFilters
    roles = {"create": Role.MANAGER, "lift": Role.MANAGER}

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        return self.queryset.filter(Q(organization=self.organization) | Q(organization=None))

    @extend_schema(
        summary="Stop all sending",
        description="No mail begins more than a second after the answer. Refused (409) while such a stop is in force.",
        request=StopSerializer,
        responses={201: HaltSerializer},
    )
    def create(self, request: Request, **_address: str) -> Response:
        asked = StopSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        everywhere = asked.validated_data["everywhere"]
        if everywhere:
            self._require_administrator()
        organization = None if everywhere else self.organization
        made = halt(
            organization=organization, reason=asked.validated_data["reason"], actor=self.actor, now=timezone.now()
        )
        headers = {"Location": f"{request.path}/{made.pk}"}
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED, headers=headers)

    @extend_schema(
        summary="Lift an emergency stop",
        description="Refused (409) when it was lifted already.",
        request=ReasonSerializer,
        responses=HaltSerializer,
    )
    @action(detail=True, methods=["post"])
    def lift(self, request: Request, **_address: str) -> Response:
        halted = self.get_object()
        if halted.organization_id is None:
            self._require_administrator()
        asked = ReasonSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        lifted = lift(halted=halted, actor=self.actor, now=timezone.now(), **asked.validated_data)
        return Response(self.get_serializer(lifted).data)

    def _require_administrator(self) -> None:
        if not self.request.user.is_superuser:
            raise exceptions.PermissionDenied("The whole system is stopped and resumed by system administrators alone.")
