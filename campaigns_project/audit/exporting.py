"""The audit log as a file: CSV for spreadsheets, JSON lines for programs; that somebody took it is an entry too."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction

from campaigns_project.audit.actors import Actor
from campaigns_project.audit.models.log import AuditQuerySet
from campaigns_project.audit.plain import plain
from campaigns_project.audit.record import Subject, record
from campaigns_project.database.streaming import streamed
from campaigns_project.formulas import csv_lines

COLUMNS = (
    "id", "created_at", "actor_kind", "actor_id", "actor_name", "via", "action", "entity_type", "entity_id",
    "entity_name", "before", "after", "reason", "request_id", "ip_address", "organization_ref",
)  # fmt: skip
ROWS_AT_ONCE = 2_000


class ExportFormat(models.TextChoices):
    CSV = "csv", "CSV, for spreadsheets"
    JSONL = "jsonl", "JSON lines, for programs"


CONTENT_TYPES = {ExportFormat.CSV: "text/csv; charset=utf-8", ExportFormat.JSONL: "application/x-ndjson"}


def export(
    *,
    entries: AuditQuerySet,
    file_format: ExportFormat,
    organization_ids: Iterable[int | None],
    actor: Actor,
    filters: Mapping[str, Any],
    reason: str = "",
) -> Iterator[str]:
    """The entries as text, oldest first, a line at a time; written down first, in the log of each organization.

    `filters` says what `entries` are, for that record. What is written from then on is not in the file.
    """
    with transaction.atomic():
        marks = [
            record(
                action="auditlog.exported",
                entity=Subject("auditlog"),
                organization_id=organization_id,
                actor=actor,
                after={"format": file_format, "filters": filters},
                reason=reason,
            ).pk
            for organization_id in organization_ids
        ]
    chosen = entries.filter(pk__lt=min(marks)).order_by("pk")
    return _LINES[file_format](streamed(chosen.values(*COLUMNS), size=ROWS_AT_ONCE))


def _csv_lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    return csv_lines(chain([COLUMNS], ([_cell(row[name]) for name in COLUMNS] for row in rows)))


def _json_lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for row in rows:
        yield json.dumps(plain(row), ensure_ascii=False) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    is_nested = isinstance(value, dict | list)
    return json.dumps(value, ensure_ascii=False, cls=DjangoJSONEncoder) if is_nested else str(plain(value))


_LINES: dict[str, Callable[[Iterable[Mapping[str, Any]]], Iterator[str]]] = {
    ExportFormat.CSV: _csv_lines,
    ExportFormat.JSONL: _json_lines,
}


def file_name(file_format: ExportFormat) -> str:
    """What the file is called."""
    return f"audit-log.{file_format}"
