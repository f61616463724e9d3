"""An import stopped by a person: what was done stays, the rest is not read."""

from django.db import transaction

from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from leads.imports import state_errors
from leads.imports.ending import end_import
from leads.models import ImportStatus, LeadImport


@transaction.atomic
def cancel_import(*, lead_import: LeadImport, actor: Actor) -> LeadImport:
    """End an import that has not ended, a draft too; raises `import_ended`.

    The chunk a worker is at is finished first.
    """
    is_ended = end_import(lead_import.pk, status=ImportStatus.CANCELED)
    lead_import.refresh_from_db()
    if not is_ended:
        raise state_errors.not_cancelable(lead_import.pk, lead_import.status)
    _audit(lead_import, actor)
    return lead_import


@transaction.atomic
def discard_draft(*, lead_import: LeadImport, actor: Actor) -> LeadImport:
    """Throw a draft away with its file; raises `import_not_draft`, also where somebody has just committed it."""
    is_discarded = end_import(lead_import.pk, status=ImportStatus.CANCELED, status__in=[ImportStatus.DRAFT])
    lead_import.refresh_from_db()
    if not is_discarded:
        raise state_errors.not_a_draft(lead_import.pk, lead_import.status)
    _audit(lead_import, actor)
    return lead_import


def _audit(lead_import: LeadImport, actor: Actor) -> None:
    record(
        action="import.canceled",
        entity=lead_import,
        organization_id=lead_import.organization_id,
        actor=actor,
        after={"rows_done": lead_import.rows_done, "total_rows": lead_import.total_rows},
    )
