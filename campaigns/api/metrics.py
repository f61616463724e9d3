"""/metrics and /metric-entries: numbers that people write down."""

from typing import Any

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.operations import MemberField, OperationsViewSet
from campaigns.models import Cadence, MetricDefinition, MetricEntry
from campaigns.ops.metrics import LONGEST_NOTE, MOST_AT_ONCE, Value, record_value, record_values, remove_entry
from campaigns_project.accounts.roles import Role
from campaigns_project.rest.filtering import AnyOf, Day, IdFilter
from campaigns_project.rest.serializers import LineField, ScopedRelatedField, StrictModelSerializer, StrictSerializer
from campaigns_project.rest.viewsets import Changes, Creates, Deletes, Reads


class MetricSerializer(StrictModelSerializer):
    """A number that is written down, how often and by whom."""

    broken = {"metric_named_once": ("name", "There is a metric of this name already.")}

    entered_by: Any = MemberField(help_text="Who is asked for it: the number of a member.")

    class Meta:
        model = MetricDefinition
        fields = [
            "id", "name", "unit", "direction", "target", "cadence", "entered_by", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = ["created_at", "updated_at"]


class MetricFilters(filters.FilterSet):
    q = filters.CharFilter("name", "icontains", label="A part of the name.")
    cadence = AnyOf(choices=Cadence.choices)

    class Meta:
        model = MetricDefinition
        fields: list[str] = []


class MetricViewSet(Reads, Creates, Changes, Deletes, OperationsViewSet):
    """Deleting one takes its values with it."""

    noun = ("a metric", "metrics")
    queryset = MetricDefinition.objects.all()
    serializer_class = MetricSerializer
    filterset_class = MetricFilters
    roles = {"create": Role.MANAGER, "partial_update": Role.MANAGER, "destroy": Role.MANAGER}


class MetricEntrySerializer(serializers.ModelSerializer):
    """The value of a day."""

    class Meta:
        model = MetricEntry
        fields = ["id", "metric", "date", "value", "note", "entered_by", "created_at", "updated_at"]
        read_only_fields = fields


@extend_schema_serializer(component_name="NewMetricEntry")
class ValueSerializer(StrictSerializer):
    """A value to be entered, or to replace what stands there. Without `note` the note stays."""

    metric: Any = ScopedRelatedField(queryset=MetricDefinition.objects.all())
    date = serializers.DateField()
    value = serializers.DecimalField(max_digits=18, decimal_places=4)
    note = LineField(max_length=LONGEST_NOTE, required=False, allow_blank=True)


@extend_schema_serializer(component_name="NewMetricEntries")
class ValuesSerializer(StrictSerializer):
    """Many at once."""

    entries = serializers.ListField(child=ValueSerializer(), min_length=1, max_length=MOST_AT_ONCE)


@extend_schema_serializer(component_name="EnteredMetrics")
class EnteredSerializer(serializers.Serializer):
    """What came of it."""

    created = serializers.IntegerField()
    changed = serializers.IntegerField(help_text="Days that had a value already, the same or another.")


class MetricEntryFilters(filters.FilterSet):
    metric = IdFilter("metric", label="The number of a metric.")
    date = Day("date", label="Of this day.")
    date__gte = Day("date", "gte", label="Of this day or later.")
    date__lte = Day("date", "lte", label="Of this day or earlier.")

    class Meta:
        model = MetricEntry
        fields: list[str] = []


class MetricEntryViewSet(Reads, Deletes, OperationsViewSet):
    """One value for each metric and day. Corrections are in the audit log."""

    noun = ("a value of a metric", "values of metrics")
    rehearses = frozenset({"enter", "bulk", "destroy"})
    queryset = MetricEntry.objects.select_related("metric")
    serializer_class = MetricEntrySerializer
    filterset_class = MetricEntryFilters
    roles = {"destroy": Role.OPERATOR}

    @extend_schema(
        summary="Enter or correct a value",
        description="201 for the first value of that metric and day, 200 for a correction.",
        request=ValueSerializer,
        responses={200: MetricEntrySerializer, 201: MetricEntrySerializer},
    )
    def enter(self, request: Request, **_address: str) -> Response:
        asked = ValueSerializer(data=request.data, context=self.get_serializer_context())
        asked.is_valid(raise_exception=True)
        entry, is_new = record_value(entered=_value(asked.validated_data), **self._by())
        told = self.get_serializer(entry).data
        if not is_new:
            return Response(told)
        return Response(told, status=status.HTTP_201_CREATED, headers={"Location": f"{request.path}/{entry.pk}"})

    @extend_schema(
        summary="Enter or correct many values",
        description=f"Up to {MOST_AT_ONCE:,}, all or none.",
        request=ValuesSerializer,
        responses=EnteredSerializer,
    )
    def bulk(self, request: Request) -> Response:
        asked = ValuesSerializer(data=request.data, context=self.get_serializer_context())
        asked.is_valid(raise_exception=True)
        values = [_value(one) for one in asked.validated_data["entries"]]
        created, changed = record_values(entered=values, **self._by())
        return Response({"created": created, "changed": changed})

    def perform_destroy(self, instance: Any) -> None:
        remove_entry(entry=instance, actor=self.actor)

    def _by(self) -> dict[str, Any]:
        return {"author": self.request.user, "actor": self.actor, "today": timezone.now().date()}


def _value(asked: dict[str, Any]) -> Value:
    return Value(asked["metric"], asked["date"], asked["value"], asked.get("note"))
