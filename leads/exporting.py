"""Leads as a CSV that can be opened in a spreadsheet and imported again."""

import csv
from collections.abc import Iterable, Iterator
from itertools import batched

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import Subject, record
from campaigns_project.formulas import guard
from leads.models import Lead
from leads.suppression import suppressed_among

COLUMNS = (
    "email", "first_name", "last_name", "company", "title", "seniority", "industry", "company_domain", "company_size",
    "phone", "website", "linkedin_url", "city", "country", "timezone", "status", "verification",
)  # fmt: skip
MOST_CUSTOM = 200  # columns of further fields; a spreadsheet with more is no table
CHUNK = 2_000  # leads in memory
MARK = "\ufeff"  # without it Excel takes UTF-8 for the code page of the country


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
    leads = Lead.objects.filter(pk__in=leads.order_by().values("pk"))
    keys = _custom_keys(leads)
    writer = csv.writer(_Echo())
    yield MARK + writer.writerow([*COLUMNS, "suppressed", "tags", *(f"custom.{key}" for key in keys)])
    found = leads.order_by("-pk").prefetch_related("lead_tags__tag").iterator(chunk_size=CHUNK)
    for some in batched(found, CHUNK):
        suppressed = suppressed_among(some, now=timezone.now())
        for lead in some:
            yield writer.writerow([guard(cell) for cell in _cells(lead, keys, lead.pk in suppressed)])


def _cells(lead: Lead, keys: list[str], is_suppressed: bool) -> Iterator[str]:
    for name in COLUMNS:
        value = getattr(lead, name)
        yield "" if value is None else str(value)
    yield "yes" if is_suppressed else "no"
    yield ", ".join(sorted(each.tag.name for each in lead.lead_tags.all()))
    for key in keys:
        yield str(lead.custom.get(key, ""))


def _custom_keys(leads: QuerySet) -> list[str]:
    chosen, values = leads.order_by().values("custom").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT jsonb_object_keys(custom) AS key FROM ({chosen}) AS chosen(custom) ORDER BY key LIMIT %s",  # noqa: S608 - SQL of Django's
            [*values, MOST_CUSTOM],
        )
        return [key for (key,) in cursor.fetchall()]


class _Echo:
    """What csv writes to, when nobody wants a file: `writerow` answers what this does."""

    def write(self, text: str) -> str:
        return text
