"""/imports: leads from a file or from records, as a draft to look at first or at once."""

from dataclasses import fields
from typing import Any

from django.db import transaction
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns_project.rest.filtering import PAGING, AnyOf, CreatedFilters, IdFilter
from campaigns_project.rest.negotiation import ByHeaderOrFormat
from campaigns_project.rest.paging import OldestFirst
from campaigns_project.rest.parsing import PlainJSONParser
from campaigns_project.rest.renderers import CsvRenderer
from campaigns_project.rest.schema import problems
from campaigns_project.rest.serializers import refuse_a_body
from campaigns_project.rest.viewsets import ApiViewSet, Reads
from leads.api.import_forms import (
    CommitSerializer,
    ImportChangesSerializer,
    ImportProblemSerializer,
    ImportSerializer,
    NewImportSerializer,
    NewRowsSerializer,
    PreviewSerializer,
    UndoPreviewSerializer,
)
from leads.imports.canceling import cancel_import
from leads.imports.drafts import options_of
from leads.imports.options import ImportOptions
from leads.imports.previewing import FilePreview, dry_run
from leads.imports.problem_files import problem_lines
from leads.imports.problems import problems_of
from leads.imports.receiving import commit_import, fix_rows, receive, reread
from leads.imports.records import receive_rows
from leads.imports.trying import start_dry_run
from leads.imports.undoing import preview_undo, undo_import
from leads.models import ImportSource, ImportStatus, LeadImport

FORMATS = [JSONRenderer.format, CsvRenderer.format]


class ImportFilters(CreatedFilters):
    status = AnyOf(choices=ImportStatus.choices)
    source = AnyOf(choices=ImportSource.choices)
    created_by = IdFilter("created_by", label="The number of the user who imported.")
    q = filters.CharFilter("file_name", "icontains", label="A part of the file's name.")

    class Meta:
        model = LeadImport
        fields: list[str] = []


class ImportViewSet(Reads, ApiViewSet):
    """An import is its own record of progress."""

    rehearses = frozenset({"partial_update"})  # POST has its own dry run, which reads the whole file
    tag = "imports"
    noun = ("an import", "imports")
    queryset = LeadImport.objects.all()
    serializer_class = ImportSerializer
    filterset_class = ImportFilters
    parser_classes = [MultiPartParser, PlainJSONParser]
    query_parameters = {"problems": PAGING | {"format"}}

    @extend_schema(
        summary="Import leads from a file or from rows",
        description="Queued (202): poll the address in Location. With commit=false it is a draft (201), to be read in "
        "another way, tried and committed. With dry_run nothing is written (200). The very same file a second time is "
        "refused (409) unless confirm_repeat says that it is meant.",
        request={"multipart/form-data": NewImportSerializer, "application/json": NewRowsSerializer},
        responses={202: ImportSerializer, 201: ImportSerializer, 200: PreviewSerializer},
    )
    def create(self, request: Request) -> Response:
        is_file = not request.content_type.startswith("application/json")
        wanted = _checked(NewImportSerializer if is_file else NewRowsSerializer, request)
        if wanted.pop("dry_run", False):
            file = wanted.pop("file")
            found = dry_run(organization=self.organization, stream=file, file_name=file.name, options=_options(wanted))
            return Response(PreviewSerializer(_previewed(found)).data)
        made = self._received(wanted)
        location = {"Location": f"{request.path}/{made.pk}"}
        code = status.HTTP_201_CREATED if made.status == ImportStatus.DRAFT else status.HTTP_202_ACCEPTED
        return Response(self.get_serializer(made).data, status=code, headers=location)

    def _received(self, wanted: dict[str, Any]) -> LeadImport:
        how: dict[str, Any] = {
            "organization": self.organization,
            "options": _options(wanted),
            "actor": self.actor,
            "created_by": self.request.user,
            "now": timezone.now(),
            "as_draft": not wanted["commit"],
            "confirm_repeat": wanted["confirm_repeat"],
        }
        if "rows" in wanted:
            return receive_rows(rows=wanted["rows"], name=wanted["name"], **how)
        return receive(stream=wanted["file"], file_name=wanted["file"].name, **how)

    @extend_schema(
        summary="Change a draft",
        description="How its file is read, what its columns become, what is done with its people, and cells of single "
        "rows. What a dry run found is forgotten. Refused (409) when it is no draft any more.",
        request=ImportChangesSerializer,
        responses=ImportSerializer,
    )
    @transaction.atomic
    def partial_update(self, request: Request, **_address: str) -> Response:
        wanted = _checked(ImportChangesSerializer, request)
        draft, rows = self.get_object(), wanted.pop("rows", None)
        if "tags" in wanted:
            wanted["tags"] = tuple(wanted["tags"])
        if wanted:
            draft = reread(lead_import=draft, options=options_of(draft, **wanted), actor=self.actor)
        if rows:
            numbered = {each["row_number"]: each["cells"] for each in rows}
            draft = fix_rows(lead_import=draft, rows=numbered, actor=self.actor)
        return Response(self.get_serializer(draft).data)

    @extend_schema(
        summary="Count what a draft would do",
        description="A worker counts (202); poll the import until dry_run_status is succeeded, and read dry_run.",
        request=None,
        responses={202: ImportSerializer},
    )
    @action(detail=True, methods=["post"], url_path="dry-run")
    def dry_run(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        return self._under_way(start_dry_run(lead_import=self.get_object(), actor=self.actor, now=timezone.now()))

    @extend_schema(
        summary="Import a draft",
        description="Queued (202). The very same file a second time is refused (409) unless confirm_repeat is set.",
        request=CommitSerializer,
        responses={202: ImportSerializer},
    )
    @action(detail=True, methods=["post"])
    def commit(self, request: Request, **_address: str) -> Response:
        confirmed = _checked(CommitSerializer, request)["confirm_repeat"]
        queued = commit_import(
            lead_import=self.get_object(), actor=self.actor, now=timezone.now(), confirm_repeat=confirmed
        )
        return self._under_way(queued)

    @extend_schema(
        summary="Cancel an import",
        description="What was done stays; a draft is thrown away. Refused (409) when it has ended.",
        request=None,
        responses=ImportSerializer,
    )
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        return Response(self.get_serializer(cancel_import(lead_import=self.get_object(), actor=self.actor)).data)

    @extend_schema(
        summary="Say what undoing an import would remove",
        description="Changes nothing. Refused (409) where the undo would be.",
        responses={200: UndoPreviewSerializer, **problems(409)},
    )
    @action(detail=True, methods=["get"])
    def undo(self, request: Request, **_address: str) -> Response:
        found = preview_undo(lead_import=self.get_object(), now=timezone.now())
        return Response(UndoPreviewSerializer(found).data)

    @extend_schema(
        summary="Undo an import",
        description="A worker removes the leads it made that nobody has touched and that are in no campaign (202). "
        "Within 24 hours of its end, and once. Whom it suppressed (do_not_contact_count) stays suppressed.",
        request=None,
        responses={202: ImportSerializer},
    )
    @undo.mapping.post
    def undo_it(self, request: Request, **_address: str) -> Response:
        refuse_a_body(request.data)
        return self._under_way(undo_import(lead_import=self.get_object(), actor=self.actor, now=timezone.now()))

    @extend_schema(
        summary="List the rows that became no lead",
        description="As CSV it has the columns of the file and the problem, to be mended and imported again; of a "
        "draft the CSV has those it would have. None any more once they were removed for their age "
        "(rows_removed_at); problem_codes stays.",
        parameters=[OpenApiParameter("format", enum=FORMATS, description="json unless given.")],
        responses={
            (200, "application/json"): ImportProblemSerializer(many=True),
            (200, "text/csv"): OpenApiTypes.STR,
        },
    )
    @action(
        detail=True,
        renderer_classes=[JSONRenderer, CsvRenderer],
        content_negotiation_class=ByHeaderOrFormat,
        pagination_class=OldestFirst,
    )
    def problems(self, request: Request, **_address: str) -> HttpResponseBase:
        if request.query_params.get("format", JSONRenderer.format) not in FORMATS:
            raise ValidationError({"?format": [f"Write {' or '.join(FORMATS)}, or leave it out."]})
        lead_import = self.get_object()
        if request.accepted_renderer.format == "csv":
            _refuse_pages(request)
            name = f"problems-of-import-{lead_import.pk}.csv"
            headers = {"Content-Disposition": f'attachment; filename="{name}"'}
            return StreamingHttpResponse(
                problem_lines(lead_import), content_type="text/csv; charset=utf-8", headers=headers
            )
        page = self.paginate_queryset(problems_of(lead_import).select_related("raw_lead"))
        return self.get_paginated_response(ImportProblemSerializer(page, many=True).data)

    def _under_way(self, lead_import: LeadImport) -> Response:
        """202, and where to look what becomes of it."""
        where = {"Location": self.request.path.rpartition("/")[0]}
        return Response(self.get_serializer(lead_import).data, status=status.HTTP_202_ACCEPTED, headers=where)


def _refuse_pages(request: Request) -> None:
    """A file has no pages: whoever asks for one would take all rows for those of the page."""
    asked = PAGING & set(request.query_params)
    if asked:
        raise ValidationError({f"?{name}": ["A file has all rows. Leave it out."] for name in sorted(asked)})


def _checked(serializer: type[Any], request: Request) -> dict[str, Any]:
    asked = serializer(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


def _options(wanted: dict[str, Any]) -> ImportOptions:
    names = {field.name for field in fields(ImportOptions)} & set(wanted)
    return ImportOptions(**{**{name: wanted[name] for name in names}, "tags": tuple(wanted.get("tags", ()))})


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
        "do_not_contact_count": preview.do_not_contact,
        "problem_codes": preview.problem_codes,
    }
