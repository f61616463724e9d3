"""An import stopped by a person: what was done stays, the rest is not read."""

from django.db import transaction
from django.db.models.functions import Now

from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.states import ProgressStatus
from leads.imports import errors
from leads.models import LeadImport


@transaction.atomic
def cancel_import(*, lead_import: LeadImport, actor: Actor) -> LeadImport:
    """End an import that has not ended; raises `import_ended`. A worker notices before it commits its next chunk."""
    going = LeadImport.objects.filter(pk=lead_import.pk).exclude(status__in=ProgressStatus.ended)
    if not going.update(status=ProgressStatus.CANCELED, finished_at=Now()):
        lead_import.refresh_from_db()
        raise errors.not_cancelable(lead_import.pk, lead_import.status)
    lead_import.refresh_from_db()
    lead_import.parts.all().delete()
    record(
        action="import.canceled",
        entity=lead_import,
        organization_id=lead_import.organization_id,
        actor=actor,
        after={"rows_done": lead_import.rows_done, "total_rows": lead_import.total_rows},
    )
    return lead_import
