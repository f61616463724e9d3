"""The very same file a second time: hardly ever meant, so somebody has to say that it is."""

from django.db import connection

from leads.imports import state_errors
from leads.models import ImportStatus, LeadImport

_COUNTS = (ImportStatus.SUCCEEDED, ImportStatus.QUEUED, ImportStatus.RUNNING, ImportStatus.STALLED)


def earlier_import(lead_import: LeadImport) -> LeadImport | None:
    """The last import of the very same bytes into the same organization that was done, or is being done, and stands.

    Drafts, imports that ended before their end and imports that were undone do not count.
    """
    same = LeadImport.objects.filter(organization_id=lead_import.organization_id, file_hash=lead_import.file_hash)
    standing = same.filter(status__in=_COUNTS, undone_at=None).exclude(pk=lead_import.pk).exclude(file_hash="")
    if lead_import.pk:
        standing = standing.filter(pk__lt=lead_import.pk) if lead_import.status != ImportStatus.DRAFT else standing
    return standing.select_related("created_by").order_by("-pk").first()


def refuse_repeat(lead_import: LeadImport) -> None:
    """Raise `repeated_file` where there is an earlier import; needs a transaction, and lets one in at a time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_key(lead_import)])
    earlier = earlier_import(lead_import)
    if earlier is not None:
        raise state_errors.repeated_file(
            lead_import.file_name,
            import_id=earlier.pk,
            when=f"{earlier.created_at:%d %B %Y}",
            who=str(earlier.created_by) if earlier.created_by else "a command",
        )


def _key(lead_import: LeadImport) -> str:
    return f"import {lead_import.organization_id} {lead_import.file_hash}"
