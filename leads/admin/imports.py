"""The admin pages of imports: upload a file, watch it, see what became of every row."""

from pathlib import PurePath
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminExpandableTextareaWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from campaigns_project.accounts.admin.base import NOBODY, ScopedAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, dialog_action
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter
from campaigns_project.accounts.admin.forms import ScopedForm
from campaigns_project.accounts.admin.live import Pulse, fragment, is_shown, unchanged, version_of
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import chip
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import Refused
from campaigns_project.states import ProgressStatus
from leads.imports.canceling import cancel_import
from leads.imports.delimiters import name_of
from leads.imports.encodings import label_of
from leads.imports.options import ImportOptions, read_mapping
from leads.imports.problem_files import problem_lines
from leads.imports.problems import problems_of
from leads.imports.receiving import receive
from leads.imports.repeats import earlier_import
from leads.models import LeadImport

PROBLEMS_SHOWN = 50  # the rest is in the list and the file, both linked
POLL_EVERY = 2  # seconds, while a worker has the file

ON_EXISTING = [
    ("fill", "Fill in what is empty"),
    ("overwrite", "Overwrite with what the file has"),
    ("skip", "Leave them as they are"),
]
UNKNOWN_COLUMNS = [
    ("refuse", "Refuse the file and name them"),
    ("custom", "Keep them as further fields of the lead"),
    ("ignore", "Leave them out"),
]
DELIMITERS = [("", "Found by itself"), (",", "Comma"), (";", "Semicolon"), ("\t", "Tab"), ("|", "Pipe")]


class UploadForm(ScopedForm):
    """A file, and how to read it. Everything but the file has a default that usually fits."""

    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget,
        help_text="CSV or any text with columns, one person a row, with a header. Encoding and delimiter are found.",
    )
    tags = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Put on every lead of the file; separated by commas. New ones are made.",
    )
    on_existing = forms.ChoiceField(
        label="Leads that exist already", choices=ON_EXISTING, initial="fill", widget=UnfoldAdminRadioSelectWidget
    )
    unknown_columns = forms.ChoiceField(
        label="Columns that match no field",
        choices=UNKNOWN_COLUMNS,
        initial="refuse",
        widget=UnfoldAdminRadioSelectWidget,
    )
    mapping = forms.CharField(
        label="Columns by hand",
        required=False,
        widget=UnfoldAdminExpandableTextareaWidget,
        help_text="Only where the match is wrong. One a line: Header=field, Header=custom.name or Header=ignore.",
    )
    delimiter = forms.ChoiceField(choices=DELIMITERS, required=False, widget=UnfoldAdminSelectWidget)
    encoding = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Found by itself where empty. For example windows-1250.",
    )

    def options(self) -> ImportOptions:
        """What was chosen; Refused with the reason where it cannot be used."""
        asked = self.cleaned_data
        return ImportOptions(
            encoding=asked["encoding"].strip(),
            delimiter=asked["delimiter"],
            mapping=read_mapping([line for line in asked["mapping"].splitlines() if line.strip()]),
            unknown_columns=asked["unknown_columns"],
            on_existing=asked["on_existing"],
            tags=tuple(tag.strip() for tag in asked["tags"].split(",") if tag.strip()),
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors:
            try:
                self.options()
            except Refused as refused:
                self.add_error(None, str(refused))
        return cleaned


class CancelImport(ActDialog):
    needs = Role.OPERATOR
    label = "Cancel import"
    icon = "cancel"
    is_final = True
    title = "Cancel this import?"
    description = "The rows that are done stay; the rest is not read. Importing the same file again does no harm."
    submit_text = "Cancel import"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.status not in ProgressStatus.ended and super().offered(request, obj)

    def act(self) -> str:
        done = cancel_import(lead_import=self.object, actor=self.actor)
        return f"Canceled after {done.rows_done:,} of {done.total_rows or 0:,} rows."


@admin.register(LeadImport)
class LeadImportAdmin(ScopedAdmin):
    form = UploadForm
    roles = {"change": NOBODY}
    list_display = ["file_name", "state", "rows", "new", "updated", "problem_count", "created_by", "created_at"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("created_at", RangeDateTimeFilter),
        ("organization", ScopedRelatedFilter),
    ]
    list_select_related = ["organization", "created_by"]
    search_fields = ["file_name"]
    fieldsets = [
        (None, {"fields": ["organization", "file", "tags"]}),
        ("What to do with it", {"fields": ["on_existing", "unknown_columns"]}),
        ("Reading the file", {"classes": ["collapse"], "fields": ["mapping", "delimiter", "encoding"]}),
    ]
    empty_text = "An import brings a file of people in: nothing is lost, and rows that cannot be used say why."
    save_label = "Import"
    actions_detail = ["cancel"]

    cancel = dialog_action(CancelImport)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("<path:object_id>/live/", view(self.live_view), name="leads_leadimport_live"),
            path("<path:object_id>/problems.csv", view(self.problems_view), name="leads_leadimport_problems"),
            *super().get_urls(),
        ]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        self.require(request, "add", obj)
        upload = form.cleaned_data["file"]
        made = receive(
            organization=obj.organization,
            stream=upload,
            file_name=PurePath(upload.name).name,
            options=form.options(),
            actor=Actor.of_request(request, via="admin"),
            created_by=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
            confirm_repeat=True,
        )
        obj.pk = made.pk

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        made = LeadImport.objects.get(pk=obj.pk)
        earlier = earlier_import(made)
        if earlier is not None:
            messages.warning(request, f"This very file was imported before, on {earlier.created_at:%d %b %Y %H:%M %Z}.")
        return HttpResponseRedirect(reverse("admin:leads_leadimport_change", args=[obj.pk]))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Where the import stands; there is nothing to edit."""
        lead_import = self.object_or_404(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": str(lead_import),
            "opts": self.opts,
            "original": lead_import,
            "buttons": self._get_actions_navigation(
                self.actions_detail, self.get_actions_detail(request, object_id), object_id
            ),
            **_standing(lead_import),
        }
        return TemplateResponse(request, "leads/admin/import_page.html", context)

    def live_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The part of the page that moves; see `accounts.admin.live`."""
        lead_import = self.object_or_404(request, object_id)
        pulse = _pulse(lead_import)
        if pulse.every and is_shown(request, pulse.version):
            return unchanged()
        return fragment(request, "leads/admin/import_live.html", _standing(lead_import), pulse)

    def problems_view(self, request: HttpRequest, object_id: str) -> StreamingHttpResponse:
        """The rows that became no lead, as a CSV to correct and import again."""
        lead_import = self.object_or_404(request, object_id)
        response = StreamingHttpResponse(problem_lines(lead_import), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="problems-{lead_import.pk}.csv"'
        return response

    @display(description="Status", ordering="status")
    def state(self, lead_import: LeadImport) -> str:
        return chip(lead_import.status, lead_import.get_status_display())

    @display(description="Rows")
    def rows(self, lead_import: LeadImport) -> str:
        if lead_import.status in ProgressStatus.ended:
            return f"{lead_import.rows_done:,}"
        return f"{lead_import.rows_done:,} of {lead_import.total_rows or 0:,}"

    @display(description="New", ordering="created_count")
    def new(self, lead_import: LeadImport) -> str:
        return f"{lead_import.created_count:,}"

    @display(description="Updated", ordering="updated_count")
    def updated(self, lead_import: LeadImport) -> str:
        return f"{lead_import.updated_count:,}"


def _pulse(lead_import: LeadImport) -> Pulse:
    version = version_of(lead_import.status, lead_import.rows_done, lead_import.total_rows)
    return Pulse(version, None if lead_import.status in ProgressStatus.ended else POLL_EVERY)


def _standing(lead_import: LeadImport) -> dict[str, Any]:
    total = lead_import.total_rows or 0
    options = lead_import.options
    return {
        "lead_import": lead_import,
        "pulse": _pulse(lead_import),
        "sentence": _sentence(lead_import),
        "total": total,
        "encoding": label_of(lead_import.encoding) if lead_import.encoding else "",
        "delimiter": name_of(lead_import.delimiter) if lead_import.delimiter else "",
        "columns": list(zip(options.get("header", []), options.get("targets", []), strict=True)),
        "problems": problems_of(lead_import)[:PROBLEMS_SHOWN] if lead_import.problem_count else [],
    }


def _sentence(lead_import: LeadImport) -> str:
    total = lead_import.total_rows or 0
    match lead_import.status:
        case ProgressStatus.QUEUED:
            return f"{total:,} rows wait for a worker."
        case ProgressStatus.RUNNING:
            return f"{lead_import.rows_done:,} of {total:,} rows done."
        case ProgressStatus.STALLED:
            return "Its worker has gone silent; another takes over where it stopped."
        case ProgressStatus.SUCCEEDED:
            return f"All {lead_import.rows_done:,} rows are done."
        case _:
            return lead_import.error_message or f"Ended after {lead_import.rows_done:,} of {total:,} rows."
