"""A chunk of rows as received, as staged and as leads, in the caller's transaction."""

from collections.abc import Iterator, Sequence
from dataclasses import astuple
from typing import Any

from django.db import connection

from leads.imports.checking import Chunk, RowProblem, row_as_it_came
from leads.imports.cleaning import storable
from leads.imports.comparing import Merged
from leads.imports.lines import copy_lines, line
from leads.imports.merging import STAGE_ANEW, merge
from leads.models import ChangeSource, ImportSource, LeadImport

# The name of the sequence is looked up once, not with every number; they come and go as the texts they are sent as.
_RAW_IDS = """
SELECT string_agg(nextval(name)::text, ' ')
FROM (SELECT pg_get_serial_sequence('raw_leads', 'id')::regclass AS name OFFSET 0) AS sequence, generate_series(1, %s)
"""
_COPY_RAW = "COPY raw_leads (id, lead_import_id, row_number, payload) FROM STDIN"
_COPY_PROBLEMS = """
COPY staged_leads (raw_lead_id, lead_import_id, row_number, status, problem_code, problem_column, problem_message)
FROM STDIN
"""


def write_rows(lead_import: LeadImport, chunk: Chunk) -> Merged:
    """Everything of a chunk that was not received before; raises `Raced` when it has to be done again."""
    with connection.cursor() as cursor:
        cursor.execute(_RAW_IDS, [len(chunk)])
        ids = cursor.fetchone()[0].encode().split()
        good_ids, problem_ids = ids[: len(chunk.rows)], ids[len(chunk.rows) :]
        lines = (b"%b\t%d\t%b" % (pk, lead_import.pk, came) for pk, came in zip(ids, _came(chunk), strict=True))
        copy_lines(cursor, _COPY_RAW, lines)
        _write_problems(cursor, lead_import.pk, problem_ids, chunk.problems)
    return merge_into(lead_import, chunk, raw_ids=good_ids, noting=STAGE_ANEW)


def _came(chunk: Chunk) -> Iterator[bytes]:
    """The lines of a chunk's rows as they came, the good ones first."""
    yield from (row.came for row in chunk.rows)
    yield from (row_as_it_came(problem.number, problem.cells) for problem in chunk.problems)


def merge_into(lead_import: LeadImport, chunk: Chunk, *, noting: str, raw_ids: Sequence[bytes] = ()) -> Merged:
    """The good rows of a chunk into leads, as the import's options want it."""
    if not chunk.rows:
        return Merged(0, 0, 0)
    return merge(
        chunk.rows,
        organization_id=lead_import.organization_id,
        lead_import_id=lead_import.pk,
        on_existing=lead_import.options["on_existing"],
        tag_ids=lead_import.options["tag_ids"],
        raw_ids=raw_ids,
        change_source=change_source_of(lead_import),
        noting=noting,
    )


def change_source_of(lead_import: LeadImport) -> ChangeSource:
    """Whom a lead's history names."""
    return ChangeSource.PROVIDER if lead_import.source == ImportSource.APOLLO else ChangeSource.IMPORT


def _write_problems(cursor: Any, lead_import_id: int, ids: Sequence[bytes], problems: Sequence[RowProblem]) -> None:
    if not problems:
        return
    lines = (
        b"%b\t%b" % (pk, line((str(lead_import_id), str(row.number), "problem", *map(storable, astuple(row.problem)))))
        for pk, row in zip(ids, problems, strict=True)
    )
    copy_lines(cursor, _COPY_PROBLEMS, lines)
