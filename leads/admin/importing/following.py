"""Step 5: an import on its way, and what became of every row of it."""

from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from campaigns_project.accounts.admin.base import ScopedAdmin
from campaigns_project.accounts.admin.live import Pulse, fragment, is_shown, unchanged, version_of
from campaigns_project.states import ProgressStatus
from leads.admin.importing.choosing import ON_EXISTING
from leads.admin.importing.pages import step_context
from leads.admin.importing.report import Sum, problem_label, target_label
from leads.admin.importing.steps import PROGRESS
from leads.admin.importing.uploading import reading_facts
from leads.admin.importing.wording import STAY_OUT, counted, rows_known
from leads.imports.opening import columns_of
from leads.imports.problems import problems_of
from leads.models import ImportStatus, LeadImport

PROBLEMS_SHOWN = 50  # the rest is in the list and the file, both linked
POLL_EVERY = 2  # seconds, while a worker has the file
EARLY = 3  # seconds before which a pace says nothing


class NextAct(NamedTuple):
    """A way on from an import that is through."""

    label: str
    icon: str
    url: str
    is_first: bool = False
    is_download: bool = False


def progress_page(model_admin: ScopedAdmin, request: HttpRequest, lead_import: LeadImport) -> HttpResponse:
    """Where the import stands; there is nothing to edit."""
    columns = columns_of(lead_import).matched if "header" in lead_import.options else {}
    context = {
        **step_context(model_admin, request, lead_import, PROGRESS),
        **standing(lead_import),
        "facts": _facts(lead_import),
        "columns": [(name, target_label(target)) for name, target in columns.items()],
    }
    return TemplateResponse(request, "leads/admin/importing/progress.html", context)


def progress_live(request: HttpRequest, lead_import: LeadImport) -> HttpResponse:
    """The part of the page that moves; see `accounts.admin.live`."""
    pulse = _pulse(lead_import)
    if pulse.every and is_shown(request, pulse.version):
        return unchanged()
    response = fragment(request, "leads/admin/importing/progress_live.html", standing(lead_import), pulse)
    if pulse.every is None:
        response["HX-Refresh"] = "true"  # the buttons above change with the end
    return response


def standing(lead_import: LeadImport) -> dict[str, Any]:
    """Counts, pace and what can be done next."""
    return {
        "lead_import": lead_import,
        "pulse": _pulse(lead_import),
        "sentence": _sentence(lead_import),
        "pace": _pace(lead_import),
        "total": rows_known(lead_import),
        "do_not_contact": lead_import.do_not_contact_count,
        "sums": _sums(lead_import),
        "next_acts": _next_acts(lead_import),
        "problems": problems_of(lead_import)[:PROBLEMS_SHOWN] if lead_import.problem_count else [],
        "notes": [sentence for sentence in _notes(lead_import) if sentence],
    }


def _pulse(lead_import: LeadImport) -> Pulse:
    moves = lead_import.status in ImportStatus.going or lead_import.undo_status in ProgressStatus.active
    version = version_of(
        lead_import.status, lead_import.rows_done, rows_known(lead_import), lead_import.undo_status,
        lead_import.undone_count,
    )  # fmt: skip
    return Pulse(version, POLL_EVERY if moves else None)


def _sums(lead_import: LeadImport) -> list[Sum]:
    found = f"?import={lead_import.pk}"
    problems = f"{reverse('admin:leads_stagedlead_changelist')}{found}&status__exact=problem"
    return [
        Sum("New", "good", lead_import.created_count, reverse("admin:leads_lead_changelist") + found),
        Sum("Updated", "info", lead_import.updated_count),
        Sum("Unchanged", "skip", lead_import.unchanged_count),
        Sum("Problems", "bad", lead_import.problem_count, "" if lead_import.rows_removed_at else problems),
    ]


def _next_acts(lead_import: LeadImport) -> list[NextAct]:
    acts = []
    if lead_import.status in ImportStatus.ended and lead_import.created_count and not lead_import.undone_at:
        leads = f"{reverse('admin:leads_lead_changelist')}?import={lead_import.pk}"
        acts.append(NextAct("View them", "group", leads, is_first=True))
    if lead_import.problem_count and not lead_import.rows_removed_at:
        label = f"Download {counted(lead_import.problem_count, 'problem')}"
        problems = reverse("admin:leads_leadimport_problems", args=[lead_import.pk])
        acts.append(NextAct(label, "download", problems, is_download=True))
    return acts


def _sentence(lead_import: LeadImport) -> str:
    total, done = counted(rows_known(lead_import), "row"), lead_import.rows_done
    match lead_import.status:
        case ImportStatus.DRAFT:
            return "A draft: nothing was imported yet."
        case ProgressStatus.QUEUED:
            why = lead_import.error_message  # it gave up for some seconds
            return f"{done:,} of {total} done. {why}" if why else f"{total} waiting for a worker."
        case ProgressStatus.RUNNING:
            return f"{done:,} of {total} done."
        case ProgressStatus.STALLED:
            return "Its worker has gone silent; another takes over where it stopped."
        case ProgressStatus.SUCCEEDED:
            return "Its one row is done." if done == 1 else f"All {done:,} rows are done."
        case _:
            return lead_import.error_message or f"Ended after {done:,} of {total}."


def _notes(lead_import: LeadImport) -> list[str]:
    return [
        _shut_out_sentence(lead_import),
        _undo_sentence(lead_import),
        _enrollment_sentence(lead_import),
        _removed_sentence(lead_import),
    ]


def _shut_out_sentence(lead_import: LeadImport) -> str:
    count = lead_import.do_not_contact_count
    if not count:
        return ""
    marked, whose = ("1 row is", "Its address is") if count == 1 else (f"{count:,} rows are", "Their addresses are")
    return f"{marked} marked as not to be written to. {whose} suppressed."


def _undo_sentence(lead_import: LeadImport) -> str:
    if lead_import.undone_at is None:
        return ""
    gone = lead_import.undone_count or 0
    part = f"{gone:,} of the {counted(lead_import.created_count, 'lead')} it made"
    if lead_import.undo_status in ProgressStatus.active:
        return f"It is being undone: {part} removed so far."
    stay = f" {STAY_OUT}" if lead_import.do_not_contact_count else ""
    return f"It was undone: {part} {'was' if gone == 1 else 'were'} removed.{stay}"


def _enrollment_sentence(lead_import: LeadImport) -> str:
    found = lead_import.options.get("enrollment")
    if not found:
        return ""
    if found.get("refused"):
        return str(found["refused"])
    left_out = sum(found["skipped"].values())
    return f"{found['enrolled']:,} of its people enrolled, {left_out:,} left out."


def _removed_sentence(lead_import: LeadImport) -> str:
    """Why the rows cannot be looked at any more, and what their problems were."""
    if lead_import.rows_removed_at is None:
        return ""
    codes = sorted(lead_import.problem_codes.items(), key=lambda each: (-each[1], each[0]))
    problems = ", ".join(f"{problem_label(code)} ({count:,})" for code, count in codes)
    gone = f"Its rows were removed for their age on {lead_import.rows_removed_at:%d %b %Y}; leads and counts stay."
    return f"{gone} Problems were: {problems}." if problems else gone


def _pace(lead_import: LeadImport) -> str:
    """Rows a second since the start, and for how long it goes on like that; empty while that says nothing."""
    total = lead_import.total_rows  # of a provider's rows nobody knows how many are to come
    if lead_import.status != ProgressStatus.RUNNING or lead_import.started_at is None or total is None:
        return ""
    seconds = (timezone.now() - lead_import.started_at).total_seconds()
    if seconds < EARLY or not lead_import.rows_done:
        return ""
    pace = lead_import.rows_done / seconds
    left = max(total - lead_import.rows_done, 0) / pace
    return f"{pace:,.0f} rows a second, about {_duration(left)} left"


def _duration(seconds: float) -> str:
    return f"{max(round(seconds), 1)} s" if seconds < 90 else f"{round(seconds / 60)} min"


def _facts(lead_import: LeadImport) -> list[tuple[str, Any]]:
    options = lead_import.options
    existing = dict(ON_EXISTING).get(options.get("on_existing", ""), "")
    who = f" by {lead_import.created_by}" if lead_import.created_by else ""
    facts = [
        *reading_facts(lead_import),
        ("Came as", lead_import.get_source_display()),
        ("Leads that existed", existing),
        ("Tags", ", ".join(options.get("tags", []))),
        ("Legal basis", options.get("legal_basis", "")),
        ("Came in", f"{lead_import.created_at:%d %b %Y %H:%M} UTC{who}"),
    ]
    return [(name, value) for name, value in facts if value]
