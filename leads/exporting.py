"""Leads as a CSV that can be opened in a spreadsheet and imported again."""

from collections.abc import Iterable, Iterator
from itertools import batched
from typing import Any

from django.db.models import F, Func, QuerySet, TextField
from django.utils import timezone

from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import Subject, record
from campaigns_project.database.streaming import streamed
from campaigns_project.formulas import csv_lines
from leads.models import Lead
from leads.suppression import suppressed_among

COLUMNS = (
    "email", "first_name", "last_name", "company", "title", "seniority", "industry", "company_domain", "company_size",
    "phone", "website", "linkedin_url", "city", "country", "timezone", "status", "verification",
)  # fmt: skip
MOST_CUSTOM = 200  # columns of further fields; a spreadsheet with more is no table
CHUNK = 2_000  # leads in memory


def export_leads(*, leads: QuerySet, organization_ids: Iterable[int | None], told: str, actor: Actor) -> Iterator[str]:
    """The lines of the file; that it was asked for is on record before the first. `told` says what was asked for."""
    for number in organization_ids:
        record(
            action="leads.exported",
            entity=Subject("lead"),
            organization_id=number,
            actor=actor,
            reason=told,
        )
    return lead_lines(leads)


def lead_lines(leads: QuerySet) -> Iterator[str]:
    """A header, then a line for each of `leads`, newest first; cells that a spreadsheet would run are disarmed."""
    return csv_lines(_rows(Lead.objects.filter(pk__in=leads.order_by().values("pk"))))


def _rows(leads: QuerySet) -> Iterator[list[Any]]:
    keys = _custom_keys(leads)
    yield [*COLUMNS, "suppressed", "tags", *(f"custom.{key}" for key in keys)]
    found = streamed(leads.order_by("-pk").prefetch_related("lead_tags__tag"), size=CHUNK)
    for some in batched(found, CHUNK):
        suppressed = suppressed_among(some, now=timezone.now())
        for lead in some:
            tags = ", ".join(sorted(each.tag.name for each in lead.lead_tags.all()))
            further = [lead.custom.get(key, "") for key in keys]
            is_suppressed = "yes" if lead.pk in suppressed else "no"
            yield [*(getattr(lead, name) for name in COLUMNS), is_suppressed, tags, *further]


def _custom_keys(leads: QuerySet) -> list[str]:
    key = Func(F("custom"), function="jsonb_object_keys", output_field=TextField())
    return list(leads.annotate(key=key).order_by("key").values_list("key", flat=True).distinct()[:MOST_CUSTOM])
