"""A file taken in: looked over as a whole, then stored with everything the import needs to run anywhere."""

from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any, BinaryIO

from django.db import transaction
from django_q.tasks import async_task

from campaigns_project.accounts.models import Organization, User
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from leads.imports.cleaning import storable
from leads.imports.inspecting import Inspection, inspect
from leads.imports.options import ImportOptions
from leads.imports.storing import spool, store_parts
from leads.models import LeadImport
from leads.tagging import tags_named

RUN_TASK = "leads.imports.tasks.run_import_task"
_FILE_NAME_MAX = 255


def receive(
    *,
    organization: Organization,
    stream: BinaryIO,
    file_name: str,
    options: ImportOptions,
    actor: Actor,
    created_by: User | None = None,
    now: datetime,
    in_background: bool = True,
) -> LeadImport:
    """Store a file as a queued import, and have a worker run it unless `in_background` is off.

    The stream is read once and may be a pipe. A file that cannot be imported raises a `FileRefused`, and nothing is
    stored.
    """
    file_name = storable(file_name)
    spooled = spool(stream, file_name=file_name)
    with spooled.stream:
        inspection = inspect(spooled.stream, file_name=file_name, options=options)
        with transaction.atomic():
            lead_import = LeadImport.objects.create(
                organization=organization,
                file_name=file_name[-_FILE_NAME_MAX:],
                file_size=spooled.size,
                file_hash=spooled.digest,
                created_by=created_by,
                created_at=now,
                **_how_to_read(inspection, options, [tag.pk for tag in tags_named(organization, options.tags)]),
            )
            store_parts(lead_import, spooled.stream)
            _audit(lead_import, actor)
            if in_background:
                queue(lead_import.pk)
    return lead_import


def queue(lead_import_id: int) -> None:
    """Have a worker run the import once the present transaction is committed."""
    transaction.on_commit(partial(async_task, RUN_TASK, lead_import_id))


def earlier_import(lead_import: LeadImport) -> LeadImport | None:
    """The last import before this one of the very same bytes into the same organization, to warn people."""
    same = LeadImport.objects.filter(organization_id=lead_import.organization_id, file_hash=lead_import.file_hash)
    return same.filter(pk__lt=lead_import.pk).order_by("-pk").first()


def _how_to_read(inspection: Inspection, options: ImportOptions, tags: list[int]) -> dict[str, Any]:
    """Fields of the import that let a worker read the file as it was looked over, without deciding anything anew."""
    columns, layout = inspection.columns, inspection.layout
    reading = {"skip_lines": layout.skip_lines, "header": columns.header, "targets": columns.targets, "tag_ids": tags}
    return {
        "encoding": layout.encoding,
        "delimiter": layout.delimiter,
        "mapping": columns.matched,
        "options": {**asdict(options), **reading},
        "total_rows": inspection.rows,
    }


def _audit(lead_import: LeadImport, actor: Actor) -> None:
    after = {
        "rows": lead_import.total_rows,
        "file_size": lead_import.file_size,
        "on_existing": lead_import.options["on_existing"],
        "unknown_columns": lead_import.options["unknown_columns"],
        "tags": list(lead_import.options["tags"]),
    }
    record(
        action="import.created",
        entity=lead_import,
        organization_id=lead_import.organization_id,
        actor=actor,
        after=after,
    )
