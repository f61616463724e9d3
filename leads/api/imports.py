"""/imports: leads from a file, in the background or as a trial."""

from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns_project.rest.filtering import PAGING, AnyOf, CreatedFilters
from campaigns_project.rest.paging import OldestFirst
from campaigns_project.rest.renderers import CsvRenderer
from campaigns_project.rest.serializers import LineField, StrictSerializer
from campaigns_project.rest.viewsets import ApiViewSet, Reads
from leads.imports.canceling import cancel_import
from leads.imports.matching import UNKNOWN_COLUMNS
from leads.imports.options import ON_EXISTING, ImportOptions
from leads.imports.previewing import FilePreview, dry_run
from leads.imports.problem_files import problem_lines
from leads.imports.problems import problems_of
from leads.imports.receiving import receive
from leads.models import ImportStatus, LeadImport, StagedLead


class ImportSerializer(serializers.ModelSerializer):
    """One file: how it was read, how far it is, what became of its rows."""

    class Meta:
        model = LeadImport
        fields = [
            "id", "file_name", "file_size", "encoding", "delimiter", "mapping", "status", "total_rows", "rows_done",
            "created_count", "updated_count", "unchanged_count", "problem_count", "error_message", "created_at",
            "started_at", "heartbeat_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields


class ColumnMap(serializers.JSONField):
    """Header to field, as JSON text, since a form has no objects."""

    def to_internal_value(self, data: Any) -> dict[str, str]:
        mapping = super().to_internal_value(data)
        if not isinstance(mapping, dict) or not all(isinstance(target, str) for target in mapping.values()):
            raise serializers.ValidationError('Write a JSON object of texts: {"E-mail": "email", "Notes": "ignore"}.')
        return mapping


class NewImportSerializer(StrictSerializer):
    """A CSV file and how to take it."""

    file = serializers.FileField(allow_empty_file=True)  # an empty one gets the import's own answer
    tags = serializers.ListField(child=LineField(max_length=60), required=False, help_text="Repeat the field for more.")
    on_existing = serializers.ChoiceField(
        ON_EXISTING,
        default="fill",
        help_text="For a lead that is there: fill what is empty, overwrite with what the file has, or skip.",
    )
    unknown_columns = serializers.ChoiceField(
        UNKNOWN_COLUMNS,
        default="refuse",
        help_text="Columns that match no field: refuse the file, keep them as custom fields, or ignore them.",
    )
    mapping = ColumnMap(required=False, help_text="Header to field, custom.NAME or ignore; wins over what is matched.")
    encoding = LineField(required=False, allow_blank=True, max_length=40, help_text="Detected unless given.")
    delimiter = serializers.CharField(
        required=False, allow_blank=True, max_length=1, trim_whitespace=False, help_text="Detected unless given."
    )
    dry_run = serializers.BooleanField(default=False, help_text="Count what an import would do, and write nothing.")


class PreviewSerializer(serializers.Serializer):
    """What an import of the file would give now."""

    dry_run = serializers.BooleanField()
    encoding = serializers.CharField()
    delimiter = serializers.CharField()
    mapping = serializers.DictField(child=serializers.CharField(allow_null=True))
    total_rows = serializers.IntegerField()
    created_count = serializers.IntegerField()
    updated_count = serializers.IntegerField()
    unchanged_count = serializers.IntegerField()
    problem_count = serializers.IntegerField()
    problem_codes = serializers.DictField(child=serializers.IntegerField(), help_text="Problems by code.")


class ImportProblemSerializer(serializers.ModelSerializer):
    """A row that became no lead. `row_number` counts as a spreadsheet does: the header is row 1."""

    column = serializers.CharField(source="problem_column")
    code = serializers.CharField(source="problem_code")
    message = serializers.CharField(source="problem_message")
    row = serializers.JSONField(source="raw_lead.payload", help_text="The cells as they came.")

    class Meta:
        model = StagedLead
        fields = ["row_number", "column", "code", "message", "row"]
        read_only_fields = fields


class ImportFilters(CreatedFilters):
    status = AnyOf(choices=ImportStatus.choices)
    q = filters.CharFilter("file_name", "icontains", label="A part of the file's name.")

    class Meta:
        model = LeadImport
        fields: list[str] = []


class ImportViewSet(Reads, ApiViewSet):
    """An import is its own record of progress."""

    tag = "imports"
    noun = ("an import", "imports")
    queryset = LeadImport.objects.all()
    serializer_class = ImportSerializer
    filterset_class = ImportFilters
    parser_classes = [MultiPartParser]
    query_parameters = {"problems": PAGING | {"format"}}

    @extend_schema(
        summary="Import leads from a file",
        description="Queued (202): poll the address in Location. With dry_run nothing is written (200).",
        request={"multipart/form-data": NewImportSerializer},
        responses={202: ImportSerializer, 200: PreviewSerializer},
    )
    def create(self, request: Request) -> Response:
        asked = NewImportSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        file, is_trial = wanted.pop("file"), wanted.pop("dry_run")
        options = ImportOptions(**{**wanted, "tags": tuple(wanted.get("tags", ()))})
        if is_trial:
            preview = dry_run(organization=self.organization, stream=file, file_name=file.name, options=options)
            return Response(PreviewSerializer(_previewed(preview)).data)
        made = receive(
            organization=self.organization,
            stream=file,
            file_name=file.name,
            options=options,
            actor=self.actor,
            created_by=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
            confirm_repeat=True,
        )
        location = {"Location": f"{request.path}/{made.pk}"}
        return Response(self.get_serializer(made).data, status=status.HTTP_202_ACCEPTED, headers=location)

    @extend_schema(
        summary="Cancel an import",
        description="What was done stays. Refused (409) when it has ended.",
        request=None,
        responses=ImportSerializer,
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, **_address: str) -> Response:
        return Response(self.get_serializer(cancel_import(lead_import=self.get_object(), actor=self.actor)).data)

    @extend_schema(
        summary="List the rows that became no lead",
        description="As CSV it has the columns of the file and the problem, to be mended and imported again.",
        parameters=[OpenApiParameter("format", enum=["json", "csv"], description="json unless given.")],
        responses={
            (200, "application/json"): ImportProblemSerializer(many=True),
            (200, "text/csv"): OpenApiTypes.STR,
        },
    )
    @action(detail=True, renderer_classes=[JSONRenderer, CsvRenderer], pagination_class=OldestFirst)
    def problems(self, request: Request, **_address: str) -> HttpResponseBase:
        lead_import = self.get_object()
        if request.accepted_renderer.format == "csv":
            name = f"problems-of-import-{lead_import.pk}.csv"
            headers = {"Content-Disposition": f'attachment; filename="{name}"'}
            return StreamingHttpResponse(
                problem_lines(lead_import), content_type="text/csv; charset=utf-8", headers=headers
            )
        page = self.paginate_queryset(problems_of(lead_import).select_related("raw_lead"))
        return self.get_paginated_response(ImportProblemSerializer(page, many=True).data)


def _previewed(preview: FilePreview) -> dict[str, Any]:
    layout, columns = preview.inspection.layout, preview.inspection.columns
    return {
        "dry_run": True,
        "encoding": layout.encoding,
        "delimiter": layout.delimiter,
        "mapping": columns.matched,
        "total_rows": preview.rows_done,
        "created_count": preview.created,
        "updated_count": preview.updated,
        "unchanged_count": preview.unchanged,
        "problem_count": preview.problems,
        "problem_codes": preview.problem_codes,
    }
