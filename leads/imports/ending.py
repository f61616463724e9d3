"""The end of an import, whichever it is: the problems are counted; the file and its corrections are kept no longer."""

from typing import Any

from django.db import transaction
from django.db.models import Count
from django.db.models.functions import Now
from django.utils import timezone

from campaigns_project.webhooks.emit import emit
from campaigns_project.webhooks.events import EventType
from leads.imports.following import follow_up
from leads.models import ImportStatus, LeadImport, StagedLead, StagedStatus

_OF_A_DRAFT = frozenset({"fixes", "words_found", "undecided"})  # among the options; their cells may name people


def end_import(lead_import_id: int, *, status: ImportStatus, error_message: str = "", **still: Any) -> bool:
    """End an import that has not ended, and is what `still` says; False when it is not."""
    with transaction.atomic():
        going = LeadImport.objects.filter(pk=lead_import_id, **still).exclude(status__in=ImportStatus.ended)
        if not going.update(status=status, error_message=error_message, finished_at=Now()):
            return False
        lead_import = LeadImport.objects.get(pk=lead_import_id)
        LeadImport.objects.filter(pk=lead_import_id).update(
            problem_codes=count_problems(lead_import),
            options={name: value for name, value in lead_import.options.items() if name not in _OF_A_DRAFT},
        )
        lead_import.parts.all().delete()
        if status == ImportStatus.SUCCEEDED:
            follow_up(lead_import)
        _tell(lead_import)
    return True


def _tell(lead_import: LeadImport) -> None:
    """Webhooks, with the counts; the sentence of what went wrong may name a person's row, and stays here."""
    data = {
        "import_id": lead_import.pk,
        "file_name": lead_import.file_name,
        "status": lead_import.status,
        "created": lead_import.created_count,
        "updated": lead_import.updated_count,
        "unchanged": lead_import.unchanged_count,
        "problems": lead_import.problem_count,
    }
    ended = lead_import.finished_at or timezone.now()
    emit(organization_id=lead_import.organization_id, event_type=EventType.IMPORT_FINISHED, data=data, at=ended)


def count_problems(lead_import: LeadImport) -> dict[str, int]:
    """Problems by code, the most frequent first."""
    if not lead_import.problem_count:
        return {}
    problems = StagedLead.objects.filter(lead_import=lead_import, status=StagedStatus.PROBLEM)
    counted = problems.order_by().values_list("problem_code").annotate(count=Count("pk"))
    return dict(counted.order_by("-count", "problem_code"))
