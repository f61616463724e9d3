"""The list of suppressions as a file."""

import csv
import io
from collections.abc import Iterator

from django.db import transaction
from django.db.models import QuerySet

from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import Subject, record
from campaigns_project.formulas import guard
from leads.models import Suppression

COLUMNS = ("address", "campaign_id", "reason", "source", "expires_at", "created_at")
MARK = "\ufeff"  # without it Excel takes UTF-8 for the code page of the country
PAGE = 2_000


def export_suppressions(*, rows: QuerySet[Suppression], actor: Actor) -> Iterator[str]:
    """`rows` as CSV, line by line, the oldest first; cells that a spreadsheet would run are disarmed.

    Erased persons are left out: there is nothing to tell. The record in the audit log is written before the first line.
    """
    with transaction.atomic():
        for organization in rows.order_by().values_list("organization", flat=True).distinct():
            record(
                action="suppression.exported",
                entity=Subject("suppression"),
                organization_id=organization,
                actor=actor,
            )
    return _lines(rows.exclude(address="").order_by("pk"))


def _lines(rows: QuerySet[Suppression]) -> Iterator[str]:
    yield MARK + _line(COLUMNS)
    for row in rows.values_list(*COLUMNS).iterator(chunk_size=PAGE):
        yield _line([guard("" if value is None else str(value)) for value in row])


def _line(cells: tuple[str, ...] | list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()
