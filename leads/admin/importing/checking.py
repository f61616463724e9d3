"""Step 4: what an import would do, counted by a worker and shown as it comes in."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from campaigns_project.accounts.admin.base import ScopedAdmin
from campaigns_project.accounts.admin.live import Pulse, fragment, is_shown, unchanged, version_of
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import Refused
from campaigns_project.states import ProgressStatus
from leads.admin.importing.acts import brings_somebody, ready_count
from leads.admin.importing.pages import NO_DRAFT, state_chip, step_context
from leads.admin.importing.report import dry_run_report
from leads.admin.importing.steps import DRY_RUN, OPTIONS, PROGRESS
from leads.admin.importing.uploading import repeat_sentence
from leads.admin.importing.wording import counted
from leads.imports.trying import start_dry_run
from leads.models import ImportStatus, LeadImport
from leads.suppression import in_words

NOBODY = "No row would become a lead, so there is nothing to import: correct the rows, or choose another file."
POLL_EVERY = 1  # seconds: most dry runs take no longer than a few


def dry_run_page(model_admin: ScopedAdmin, request: HttpRequest, lead_import: LeadImport) -> HttpResponse:
    """The report as far as it is; a POST has it counted anew."""
    if lead_import.status != ImportStatus.DRAFT:
        messages.info(request, NO_DRAFT)
        return HttpResponseRedirect(PROGRESS.url(lead_import))
    if request.method == "POST":
        _count_anew(request, lead_import)
        return HttpResponseRedirect(DRY_RUN.url(lead_import))
    context = {**step_context(model_admin, request, lead_import, DRY_RUN), **standing(lead_import)}
    return TemplateResponse(request, "leads/admin/importing/dry_run.html", context)


def dry_run_live(request: HttpRequest, lead_import: LeadImport) -> HttpResponse:
    """The part of the page that moves; see `accounts.admin.live`."""
    if lead_import.status != ImportStatus.DRAFT:
        return HttpResponse(headers={"HX-Redirect": PROGRESS.url(lead_import)})
    pulse = _pulse(lead_import)
    if pulse.every and is_shown(request, pulse.version):
        return unchanged()
    context = {**standing(lead_import), "state": state_chip(lead_import), "is_anew": True}
    return fragment(request, "leads/admin/importing/dry_run_live.html", context, pulse)


def standing(lead_import: LeadImport) -> dict[str, Any]:
    """How far the dry run is, and what it found."""
    is_done = lead_import.dry_run_status == ProgressStatus.SUCCEEDED
    is_ready = is_done and brings_somebody(lead_import)
    return {
        "lead_import": lead_import,
        "pulse": _pulse(lead_import),
        "sentence": _sentence(lead_import),
        "done": lead_import.dry_run.get("rows", 0),
        "total": lead_import.total_rows or 0,
        "report": dry_run_report(lead_import) if is_done else None,
        "notes": [sentence for sentence in _notes(lead_import, is_ready) if sentence and is_done],
        "back_url": OPTIONS.url(lead_import),
        "commit_url": reverse("admin:leads_leadimport_commit", args=[lead_import.pk]) if is_ready else "",
        "commit_label": f"Import {ready_count(lead_import)}",
    }


def _notes(lead_import: LeadImport, is_ready: bool) -> list[str]:
    return [_shut_out_sentence(lead_import), repeat_sentence(lead_import), "" if is_ready else NOBODY]


def _shut_out_sentence(lead_import: LeadImport) -> str:
    count = lead_import.dry_run.get("do_not_contact", 0)
    if not count:
        return ""
    marked = "1 row is" if count == 1 else f"{count:,} rows are"
    reasons = in_words(lead_import.dry_run.get("do_not_contact_reasons", {}))
    why = f" ({reasons})" if reasons else ""
    return (
        f"{marked} marked as not to be written to{why}. The import suppresses their addresses, and whoever is in a "
        "campaign leaves it; undoing the import does not take that back."
    )


def _count_anew(request: HttpRequest, lead_import: LeadImport) -> None:
    actor = Actor.of_request(request, via="admin")
    try:
        start_dry_run(lead_import=lead_import, actor=actor, now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))


def _pulse(lead_import: LeadImport) -> Pulse:
    version = version_of(lead_import.dry_run_status, lead_import.dry_run.get("rows"), lead_import.dry_run_at)
    return Pulse(version, POLL_EVERY if lead_import.dry_run_status in ProgressStatus.active else None)


def _sentence(lead_import: LeadImport) -> str:
    total, found = counted(lead_import.total_rows or 0, "row"), lead_import.dry_run
    match lead_import.dry_run_status:
        case ProgressStatus.QUEUED:
            return f"{total} waiting for a worker to look at."
        case ProgressStatus.RUNNING:
            return f"{found.get('rows', 0):,} of {total} looked at."
        case ProgressStatus.SUCCEEDED:
            return (
                f"An import would bring {found['created']:,} new, {found['updated']:,} updated and "
                f"{found['unchanged']:,} unchanged leads, and {_problems(found['problems'])}."
            )
        case ProgressStatus.FAILED:
            return found.get("error") or "The check broke off. Start it again."
        case _:
            return "What an import would do has not been counted since the last change."


def _problems(count: int) -> str:
    return counted(count, "problem") if count else "no problem"
