"""Drafts of imports that name a person: nobody has committed them, so they are thrown away with their file.

A file cannot lose a single address: its bytes are what a worker reads, and what tells a repeat.
"""

import io
import re
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import BinaryIO

from django.db import transaction

from campaigns.persons.traces import Traces
from campaigns_project.audit.actors import Actor
from leads.imports.canceling import discard_draft
from leads.imports.encodings import Encoding
from leads.imports.errors import FileRefused
from leads.imports.layouts import Layout
from leads.imports.storing import fetch_parts
from leads.imports.workbooks.converting import as_csv, sheets_of
from leads.models import ImportStatus, LeadImport


def drafts_naming(organization_id: int, traces: Traces) -> list[int]:
    """Keys of the drafts whose file or corrections have an address of the person; every draft is read to its end.

    One that cannot be read may name them, and is among them.
    """
    drafts = LeadImport.objects.filter(organization=organization_id, status=ImportStatus.DRAFT)
    return [draft.pk for draft in drafts.order_by("pk") if _names(draft, traces)]


def discard_drafts(organization_id: int, traces: Traces, actor: Actor) -> int:
    """Throw those drafts away, each on record; how many. One that somebody has committed meanwhile is left alone."""
    return sum(_discard(number, actor) for number in drafts_naming(organization_id, traces))


@transaction.atomic
def _discard(number: int, actor: Actor) -> bool:
    draft = LeadImport.objects.select_for_update().filter(pk=number, status=ImportStatus.DRAFT).first()
    if draft is not None:
        discard_draft(lead_import=draft, actor=actor)
        LeadImport.objects.filter(pk=number).update(dry_run={})  # its samples have names
    return draft is not None


def _names(draft: LeadImport, traces: Traces) -> bool:
    pattern = re.compile(traces.pattern)
    try:
        with closing(_texts(draft)) as texts:
            return any(pattern.search(text.lower()) for text in texts)
    except FileRefused:
        return True


def _texts(draft: LeadImport) -> Generator[str]:
    for cells in draft.options.get("fixes", {}).values():
        yield from cells
    layout = Layout.kept(draft.encoding, draft.delimiter, draft.options)
    with fetch_parts(draft.pk) as stream:
        if layout.is_workbook:
            yield from _lines_of_workbook(stream, draft.file_name)
        else:
            yield from _lines(stream, Encoding(layout.encoding or "utf-8", ""))


def _lines_of_workbook(stream: BinaryIO, file_name: str) -> Iterator[str]:
    """Of all sheets: the file has them, whichever is imported."""
    for sheet in sheets_of(stream, file_name=file_name):
        with as_csv(stream, file_name=file_name, sheet=sheet).stream as converted:
            yield from _lines(converted, Encoding("utf-8", ""))


def _lines(stream: BinaryIO, encoding: Encoding) -> Iterator[str]:
    with io.TextIOWrapper(stream, encoding.name, encoding.error_handler) as text:
        yield from text
