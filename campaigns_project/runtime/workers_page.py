"""The page that shows what the workers do, and keeps showing it."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from unfold.decorators import display

from campaigns.working import Working, working
from campaigns_project.accounts.admin.live import Pulse, fragment, version_of
from campaigns_project.accounts.admin.system import SystemAdmin
from campaigns_project.workers.models import WorkerHeartbeat, WorkerKind

EVERY = 2  # seconds between two questions of an open page


@admin.register(WorkerHeartbeat)
class WorkerHeartbeatAdmin(SystemAdmin):
    """In place of a list of heartbeats: these, and what the processes behind them have in hand."""

    search_fields = ["name", "host"]
    fields = ["name", "kind", "host", "process", "capacity", "started_at", "seen_at", "busy_until", "detail"]
    readonly_fields = ["process"]

    def get_urls(self) -> list[Any]:
        live = self.admin_site.admin_view(self.live_view)
        return [path("live/", live, name="workers_workerheartbeat_live"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self._require(request)
        around = {**self.admin_site.each_context(request), "title": "Workers"}
        return TemplateResponse(request, "runtime/admin/workers.html", {**around, **_context()})

    def live_view(self, request: HttpRequest) -> HttpResponse:
        """The part that moves, which is nearly all of it; see `accounts.admin.live`."""
        self._require(request)
        context = _context()
        return fragment(request, "runtime/admin/workers_live.html", context, context["pulse"])

    @display(description="Process")
    def process(self, worker: WorkerHeartbeat) -> str:
        return str(worker.pid)

    def _require(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _context() -> dict[str, Any]:
    now, found = timezone.now(), working()
    lanes = sum(each.capacity for each in found.processes if each.kind == WorkerKind.QCLUSTER and not each.is_silent)
    return {
        "working": found,
        "lanes_there_are": lanes,
        "sentence": _sentence(found),
        "now": now,
        "pulse": Pulse(version_of(now), EVERY),
    }


def _sentence(found: Working) -> str:
    silent = sum(each.is_silent for each in found.processes)
    trouble = f" {silent} processes are silent." if silent else ""
    return f"{found.in_flight:,} mails in flight, {found.mails_last_minute:,} in the last minute.{trouble}"
