"""The admin pages of imports: the list, and the five steps from a file to leads."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import path
from django.utils import timezone
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from campaigns_project.accounts.admin.base import NOBODY, ScopedAdmin
from campaigns_project.accounts.admin.dialogs import dialog_action
from campaigns_project.accounts.admin.filters import MomentsFilter, ScopedRelatedFilter
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.admin.permissions import may_here
from campaigns_project.accounts.roles import Role
from campaigns_project.admin_site import show_badge
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import Refused
from campaigns_project.states import ProgressStatus
from leads.admin.importing.acts import CancelImport, CommitImport, DiscardDraft, UndoImport
from leads.admin.importing.checking import dry_run_live, dry_run_page
from leads.admin.importing.choosing import OptionsPage
from leads.admin.importing.fixing import FixPage
from leads.admin.importing.following import progress_live, progress_page
from leads.admin.importing.mapping import MapPage
from leads.admin.importing.pages import StepPage, needs_review, state_chip
from leads.admin.importing.sample import sample_for
from leads.admin.importing.steps import MAP, PROGRESS, UPLOAD, marks_of, present_step, url_name
from leads.admin.importing.uploading import AT_FIRST, UploadForm, UploadPage
from leads.admin.importing.wording import rows_known
from leads.imports.problem_files import problem_lines
from leads.imports.receiving import receive
from leads.models import ImportStatus, LeadImport

COUNTED_UP_TO = 99
NOTHING = "—"
_COUNTS = {"created": "created_count", "updated": "updated_count", "problems": "problem_count"}


class LeadImportAdmin(ScopedAdmin):
    """The list and the steps, as far as this app knows them; `campaigns.admin` adds campaigns."""

    form = UploadForm
    add_form_template = "leads/admin/importing/upload_form.html"
    roles = {"change": NOBODY}
    list_display = [
        "file_name", "state", "rows", "new", "updated", "problems", "created_by", "created_at", "organization",
    ]  # fmt: skip
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("source", ChoicesDropdownFilter),
        ("created_at", MomentsFilter),
        ("organization", ScopedRelatedFilter),
    ]
    list_select_related = ["organization", "created_by"]
    search_fields = ["file_name"]
    fieldsets = [(None, {"fields": ["organization", "file", "text"]})]
    empty_text = "An import brings a file of people in: nothing is lost, and rows that cannot be used say why."
    save_label = "Continue"
    actions_detail = ["commit", "cancel", "discard", "undo"]

    commit = dialog_action(CommitImport)
    cancel = dialog_action(CancelImport)
    discard = dialog_action(DiscardDraft)
    undo = dialog_action(UndoImport)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        steps = {
            "upload": self.step_view(UploadPage),
            "map": self.step_view(MapPage),
            "options": self.step_view(OptionsPage),
            "fix": self.step_view(FixPage),
            "dry-run": self.dry_run_view,
            "dry-run-live": self.dry_run_live_view,
            "progress": self.progress_view,
        }
        return [
            path("sample.csv", view(self.sample_view), name="leads_leadimport_sample"),
            path("<path:object_id>/live/", view(self.live_view), name="leads_leadimport_live"),
            path("<path:object_id>/problems.csv", view(self.problems_view), name="leads_leadimport_problems"),
            *(path(f"<path:object_id>/{name}/", view(step), name=url_name(name)) for name, step in steps.items()),
            *super().get_urls(),
        ]

    def step_view(self, page: type[StepPage]) -> Callable[[HttpRequest, str], HttpResponse]:
        """The view of one step; only who may import sees the steps of a draft."""

        def respond(request: HttpRequest, object_id: str) -> HttpResponse:
            return page(self, request, self.object_or_404(request, object_id, Role.OPERATOR)).respond()

        return respond

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        named = {"title": "Import leads", "marks": marks_of(UPLOAD), "has_file_field": True}
        named["sample"] = sample_for(request)
        return super().add_view(request, form_url, {**named, **(extra_context or {})})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        self.require(request, "add", obj)
        stream, name, source = form.received()
        made = receive(
            organization=obj.organization,
            stream=stream,
            file_name=name,
            options=AT_FIRST,
            source=source,
            actor=Actor.of_request(request, via="admin"),
            created_by=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
            as_draft=True,
        )
        obj.pk = made.pk

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        return HttpResponseRedirect(UPLOAD.url(obj))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Where the import stands: a draft at the step it waits at, for those who may go on with it."""
        lead_import = self.object_or_404(request, object_id)
        step = present_step(lead_import)
        if step != PROGRESS and may_here(request, Role.OPERATOR, lead_import):
            return HttpResponseRedirect(step.url(lead_import))
        return progress_page(self, request, lead_import)

    def progress_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The last step, by its own address."""
        return progress_page(self, request, self.object_or_404(request, object_id))

    def live_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The part of the last step that moves."""
        return progress_live(request, self.object_or_404(request, object_id))

    def dry_run_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What an import would do."""
        return dry_run_page(self, request, self.object_or_404(request, object_id, Role.OPERATOR))

    def dry_run_live_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The part of that which moves."""
        return dry_run_live(request, self.object_or_404(request, object_id, Role.OPERATOR))

    def problems_view(self, request: HttpRequest, object_id: str) -> StreamingHttpResponse | HttpResponseRedirect:
        """The rows that became no lead, or would become none, as a CSV to correct and import again."""
        lead_import = self.object_or_404(request, object_id)
        try:
            lines = problem_lines(lead_import)
        except Refused as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(MAP.url(lead_import))
        response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="problems-{lead_import.pk}.csv"'
        return response

    def sample_view(self, request: HttpRequest) -> HttpResponse:
        """Something to try an import with."""
        sample = sample_for(request)
        headers = {"Content-Disposition": f'attachment; filename="{sample.name}"'}
        return HttpResponse(sample.text, content_type="text/csv; charset=utf-8", headers=headers)

    @display(description="Status", ordering="status")
    def state(self, lead_import: LeadImport) -> str:
        return state_chip(lead_import)

    @display(description="Rows")
    def rows(self, lead_import: LeadImport) -> str:
        if lead_import.status in ImportStatus.going:
            return f"{lead_import.rows_done:,} of {rows_known(lead_import):,}"
        is_draft = lead_import.status == ImportStatus.DRAFT
        return f"{(lead_import.total_rows or 0) if is_draft else lead_import.rows_done:,}"

    @display(description="New", ordering="created_count")
    def new(self, lead_import: LeadImport) -> str:
        return _counted(lead_import, "created")

    @display(description="Updated", ordering="updated_count")
    def updated(self, lead_import: LeadImport) -> str:
        return _counted(lead_import, "updated")

    @display(description="Problems", ordering="problem_count")
    def problems(self, lead_import: LeadImport) -> str:
        return _counted(lead_import, "problems")


def _counted(lead_import: LeadImport, outcome: str) -> str:
    """So many rows ended so; of a draft as its dry run says. A dash where nobody has counted or nothing was done."""
    if lead_import.status == ImportStatus.DRAFT:
        return f"{lead_import.dry_run[outcome]:,}" if needs_review(lead_import) else NOTHING
    if lead_import.status == ImportStatus.CANCELED and not lead_import.rows_done:
        return NOTHING
    return f"{getattr(lead_import, _COUNTS[outcome]):,}"


def waiting(request: HttpRequest) -> str:
    """How many drafts were checked and wait for a decision, for the sidebar; counted only as far as it is shown."""
    if not request.user.is_authenticated:
        return ""
    checked = LeadImport.objects.filter(status=ImportStatus.DRAFT, dry_run_status=ProgressStatus.SUCCEEDED)
    count = held_roles(request).scope(checked, Role.OPERATOR).order_by()[: COUNTED_UP_TO + 1].count()
    return f"{COUNTED_UP_TO}+" if count > COUNTED_UP_TO else str(count or "")


show_badge("Imports", waiting)
