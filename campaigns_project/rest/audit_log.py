"""/audit-log: who did what in the organization; for managers and owners."""

from typing import Any

from django.http import StreamingHttpResponse
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request

from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import ActorKind
from campaigns_project.audit.exporting import CONTENT_TYPES, ExportFormat, export, file_name
from campaigns_project.audit.models import AuditLog
from campaigns_project.rest.filtering import AnyOf, CreatedFilters, IdFilter
from campaigns_project.rest.kinds import WordField
from campaigns_project.rest.serializers import LineField, StrictSerializer
from campaigns_project.rest.viewsets import ApiViewSet, Reads

LONGEST_REASON = 300


class AuditLogSerializer(serializers.ModelSerializer):
    """One act. It outlives what it is about; personal data of leads stands in it as keyed hashes only."""

    before = serializers.DictField(read_only=True, allow_null=True)
    after = serializers.DictField(read_only=True, allow_null=True)

    class Meta:
        model = AuditLog
        fields = [
            "id", "created_at", "actor_kind", "actor_id", "actor_name", "via", "action", "entity_type", "entity_id",
            "entity_name", "before", "after", "reason", "request_id", "ip_address",
        ]  # fmt: skip
        read_only_fields = fields


class AuditLogFilters(CreatedFilters):
    actor_kind = AnyOf(choices=ActorKind.choices)
    actor_id = IdFilter(label="The number of the person or of the key's user.")
    actor_name = filters.CharFilter(label="The whole name, as the log shows it.")
    action = filters.CharFilter(lookup_expr="startswith", label="An action, or how it begins: `campaign.`")
    entity_type = filters.CharFilter(label="The kind of thing: campaign, lead, sender …")
    entity_id = filters.CharFilter(label="The number of the thing.")
    via = filters.CharFilter(label="admin, api, or the name of a command.")
    request_id = filters.CharFilter(label="All that one request did: its X-Request-ID.")

    class Meta:
        model = AuditLog
        fields: list[str] = []


class AuditExportSerializer(StrictSerializer):
    """Which entries, and as what. The filters are those of the list."""

    format = serializers.ChoiceField(ExportFormat.choices, default=ExportFormat.JSONL)
    filters = serializers.DictField(
        child=WordField(max_length=200), required=False, help_text="By name, as in the query of the list."
    )
    reason = LineField(max_length=LONGEST_REASON, required=False, help_text="Why, for the audit log.")


class AuditLogViewSet(Reads, ApiViewSet):
    """Newest first. Nothing here is ever changed or removed."""

    tag = "audit log"
    noun = ("an entry of the audit log", "the audit log")
    queryset = AuditLog.objects.all()
    serializer_class = AuditLogSerializer
    filterset_class = AuditLogFilters
    roles = dict.fromkeys(("list", "retrieve", "export"), Role.MANAGER)

    @extend_schema(
        summary="Export the audit log",
        description="All that the filters find, oldest first, as CSV or JSON lines. The export is an entry too.",
        request=AuditExportSerializer,
        responses={(200, CONTENT_TYPES[ExportFormat.JSONL]): OpenApiTypes.STR, (200, "text/csv"): OpenApiTypes.STR},
    )
    @action(detail=False, methods=["post"], pagination_class=None)
    def export(self, request: Request) -> StreamingHttpResponse:
        asked = AuditExportSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        file_format = ExportFormat(asked.validated_data["format"])
        wanted = asked.validated_data.get("filters", {})
        lines = export(
            entries=self._found(wanted),
            file_format=file_format,
            organization_ids=[self.organization.pk],
            actor=self.actor,
            filters=wanted,
            reason=asked.validated_data.get("reason", ""),
        )
        answer = StreamingHttpResponse(lines, content_type=CONTENT_TYPES[file_format])
        answer["Content-Disposition"] = f'attachment; filename="{file_name(file_format)}"'
        return answer

    def _found(self, wanted: dict[str, str]) -> Any:
        for name in wanted:
            if name not in AuditLogFilters.base_filters:
                raise serializers.ValidationError({"filters": [f"There is no filter “{name[:60]}” here."]})
        found = AuditLogFilters(wanted, queryset=self.get_queryset())
        if not found.is_valid():
            raise serializers.ValidationError({"filters": found.errors})
        return found.qs
