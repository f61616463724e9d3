"""The list of suppressions as a file."""

from collections.abc import Iterator
from itertools import chain

from django.db import transaction
from django.db.models import QuerySet

from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import Subject, record
from campaigns_project.database.streaming import streamed
from campaigns_project.formulas import csv_lines
from leads.models import Suppression

COLUMNS = ("address", "campaign_id", "reason", "source", "expires_at", "created_at")
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
    return csv_lines(chain([COLUMNS], streamed(rows.values_list(*COLUMNS), size=PAGE)))
