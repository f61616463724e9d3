"""The audit log: its list, the page of one entry, and the file of them."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from campaigns_project.accounts.admin.base import ReadOnlyAdmin
from campaigns_project.accounts.admin.filters import MomentsFilter, titled
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.admin import shown
from campaigns_project.audit.admin.filters import Action, Kind, Number, OfOrganization, OfRequest, Via, Who
from campaigns_project.audit.admin.forms import ExportForm
from campaigns_project.audit.exporting import CONTENT_TYPES, ExportFormat, export, file_name
from campaigns_project.audit.models import AuditLog, SealedEntry
from campaigns_project.audit.reading import act, words

MOST_COUNTED = 10_000  # entries of one file; beyond it the page says that there are more
NO_FILTERS = frozenset({"p", "o", "e", "_changelist_filters"})  # the list's own parameters


class EntryList(ChangeList):
    """A page of entries, each knowing how many the same request wrote; one question for all of them."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        ids = {entry.request_id for entry in self.result_list if entry.request_id}
        same = self.root_queryset.filter(request_id__in=ids).order_by().values_list("request_id")
        counts = dict(same.annotate(entries=Count("pk")))
        for entry in self.result_list:
            entry.in_request = counts.get(entry.request_id, 1)


@admin.register(AuditLog)
class AuditLogAdmin(ReadOnlyAdmin):
    roles = {**ReadOnlyAdmin.roles, "view": Role.MANAGER}
    list_display = ["when", "who", "did", "what", "why", "way", "together"]
    list_filter = [
        ("actor_kind", titled(ChoicesDropdownFilter, "person, key or system")),
        Who, Action, Kind, Number, Via, OfRequest, OfOrganization,
        ("created_at", MomentsFilter),
    ]  # fmt: skip
    list_before_template = "admin/audit_before.html"
    search_fields = ["=entity_id", "=request_id", "=action"]
    search_help_text = "Number of an object, request id or action"
    fieldsets = [
        (None, {"fields": ["when", "action", "subject", "why"]}),
        ("Who", {"fields": ["actor", "way", "address", "one_request"]}),
        ("What changed", {"fields": ["changes"]}),
        ("Evidence", {"fields": ["seal"]}),
    ]
    empty_text = "Nothing has been done here yet. Every act of a person, key or command leaves a line."

    def get_queryset(self, request: HttpRequest) -> Any:
        return held_roles(request).scope(AuditLog.objects.all(), Role.MANAGER)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return EntryList

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        own = ["when", "subject", "why", "actor", "way", "address", "one_request", "changes", "seal"]
        return [*own, *super().get_readonly_fields(request, obj)]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        entry = super().get_object(request, object_id, from_field)
        if entry is not None:
            entry.read_in = request
        return entry

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/", view, name="audit_auditlog_export"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        query = request.GET.urlencode()
        address = reverse("admin:audit_auditlog_export")
        more = {"export_url": f"{address}?{query}" if query else address, **self._one_request(request)}
        return super().changelist_view(request, {**more, **(extra_context or {})})

    def export_view(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """Asks for the format; the entries are those of the list with the same filters."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            entries = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(reverse("admin:audit_auditlog_changelist"))
        form = ExportForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            return self._file(request, entries, form.cleaned_data)
        return self._ask(request, entries, form)

    def _ask(self, request: HttpRequest, entries: Any, form: ExportForm) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "Export the audit log",
            "opts": self.opts,
            "form": form,
            "filters": _filters(request),
            "entries": entries.order_by()[: MOST_COUNTED + 1].count(),
            "most": MOST_COUNTED,
            "back": f"{reverse('admin:audit_auditlog_changelist')}?{request.GET.urlencode()}".rstrip("?"),
        }
        return TemplateResponse(request, "admin/audit_export.html", context)

    def _file(self, request: HttpRequest, entries: Any, asked: dict[str, Any]) -> StreamingHttpResponse:
        file_format = ExportFormat(asked["file_format"])
        lines = export(
            entries=entries,
            file_format=file_format,
            organization_ids=_homes(request),
            actor=Actor.of_request(request, via="admin"),
            filters=_filters(request),
            reason=asked["reason"],
        )
        answer = StreamingHttpResponse(lines, content_type=CONTENT_TYPES[file_format])
        answer["Content-Disposition"] = f'attachment; filename="{file_name(file_format)}"'
        return answer

    def _one_request(self, request: HttpRequest) -> dict[str, Any]:
        """What the list says above the entries of one request."""
        asked = request.GET.get("request_id", "").replace("\x00", "")
        of_it = self.get_queryset(request).filter(request_id=asked) if asked else AuditLog.objects.none()
        first = of_it.order_by("pk").first() if asked else None
        return {"one_request": first, "objects": of_it.count()} if first else {}

    @display(description="When", ordering="created_at")
    def when(self, entry: AuditLog) -> str:
        return date_format(timezone.localtime(entry.created_at), "DATETIME_FORMAT")

    @display(description="From")
    def address(self, entry: AuditLog) -> str:
        return entry.ip_address or "—"

    @display(description="Who", ordering="actor_name")
    def who(self, entry: AuditLog) -> str:
        return entry.actor_name

    @display(description="Did", ordering="action")
    def did(self, entry: AuditLog) -> SafeString:
        return format_html('<span title="{}">{}</span>', entry.action, act(entry.action))

    @display(description="What")
    def what(self, entry: AuditLog) -> str:
        return shown.named(entry)

    @display(description="Why")
    def why(self, entry: AuditLog) -> str:
        return words(entry.reason) or "—"

    @display(description="Way")
    def way(self, entry: AuditLog) -> str:
        return entry.via or "—"

    @display(description="Same request")
    def together(self, entry: Any) -> str | SafeString:
        return shown.request_link(entry, f"{entry.in_request:,} entries") if entry.in_request > 1 else "—"

    @display(description="Object")
    def subject(self, entry: Any) -> str | SafeString:
        return shown.object_link(entry, entry.read_in)

    @display(description="Who")
    def actor(self, entry: AuditLog) -> str:
        return f"{entry.actor_name} ({entry.get_actor_kind_display().lower()})"

    @display(description="Request")
    def one_request(self, entry: AuditLog) -> str | SafeString:
        return shown.request_link(entry, entry.request_id) if entry.request_id else "—"

    @display(description="Values")
    def changes(self, entry: AuditLog) -> str | SafeString:
        return shown.changes(entry)

    @display(description="Seal")
    def seal(self, entry: AuditLog) -> str | SafeString:
        sealed = SealedEntry.objects.filter(pk=entry.pk).select_related("seal").first()
        if sealed is None:
            return "Not sealed yet; that takes some seconds while a worker runs."
        address = reverse("admin:audit_auditseal_change", args=[sealed.seal_id])
        return format_html('<a class="text-link" href="{}">Number {}</a>', address, sealed.seal.number)


def _filters(request: HttpRequest) -> dict[str, str]:
    """What the list is narrowed by, as the address says it."""
    names = {"q": "search"}  # as people call it
    asked = {name: str(value) for name, value in request.GET.items() if value and name not in NO_FILTERS}
    return {names.get(name, name): value for name, value in asked.items()}


def _homes(request: HttpRequest) -> list[int | None]:
    """In whose logs an export is noted: of the organization asked for, else of all that one may read."""
    chosen = request.GET.get("organization")
    if chosen:
        return [int(chosen)]
    held = held_roles(request)
    return [None] if held.everywhere else list(held.organization_ids(Role.MANAGER))
