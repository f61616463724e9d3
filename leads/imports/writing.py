"""A chunk of rows as received, as staged and as leads, in the caller's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from typing import Any

from django.db import connection

from leads.cleaning import storable
from leads.imports.checking import AS_STAGED, Chunk, GoodRow, RowProblem, row_as_it_came
from leads.imports.comparing import Merged
from leads.imports.lines import copy_lines, line
from leads.imports.merging import Written, merge
from leads.models import ChangeSource, ImportSource, LeadImport, StagedStatus

_COPY_RAW = "COPY raw_leads (id, lead_import_id, row_number, payload) FROM STDIN"
_COPY_STAGED = f"""
COPY staged_leads ({", ".join(AS_STAGED)}, lead_id, lead_import_id, status, promoted_at) FROM STDIN
"""
_COPY_PROBLEMS = """
COPY staged_leads (raw_lead_id, lead_import_id, row_number, status, problem_code, problem_column, problem_message)
FROM STDIN
"""


def write_rows(lead_import: LeadImport, chunk: Chunk) -> Merged:
    """Everything of a chunk that was not received before; raises `Raced` when it has to be done again."""
    with connection.cursor() as cursor:
        copy_lines(cursor, _COPY_RAW, [row.came for row in chunk.rows])
        _write_problems(cursor, lead_import.pk, chunk.problems)
    written = merge_into(lead_import, chunk)
    with connection.cursor() as cursor:
        _write_staged(cursor, lead_import.pk, chunk.rows, written.leads)
    return written.merged


def merge_into(lead_import: LeadImport, chunk: Chunk) -> Written:
    """The good rows of a chunk into leads, as the import's options want it."""
    if not chunk.rows:
        return Written(Merged(0, 0, 0), {})
    return merge(
        chunk.rows,
        organization_id=lead_import.organization_id,
        lead_import_id=lead_import.pk,
        on_existing=lead_import.options["on_existing"],
        tag_ids=lead_import.options["tag_ids"],
        change_source=change_source_of(lead_import),
    )


def change_source_of(lead_import: LeadImport) -> ChangeSource:
    """Whom a lead's history names."""
    return ChangeSource.PROVIDER if lead_import.source == ImportSource.APOLLO else ChangeSource.IMPORT


def _write_staged(cursor: Any, lead_import_id: int, rows: Iterable[GoodRow], leads: Mapping[str, bytes]) -> None:
    cursor.execute("SELECT now()::text")
    end = b"\t%d\t%b\t%b" % (lead_import_id, StagedStatus.PROMOTED.value.encode(), cursor.fetchone()[0].encode())
    copy_lines(cursor, _COPY_STAGED, (b"%b\t%b%b" % (row.staged, leads[row.email_normalized], end) for row in rows))


def _write_problems(cursor: Any, lead_import_id: int, problems: Sequence[RowProblem]) -> None:
    if not problems:
        return
    copy_lines(cursor, _COPY_RAW, [row_as_it_came(lead_import_id, row.key, row.number, row.cells) for row in problems])
    copy_lines(cursor, _COPY_PROBLEMS, [_problem(lead_import_id, row) for row in problems])


def _problem(lead_import_id: int, row: RowProblem) -> bytes:
    values = (str(lead_import_id), str(row.number), "problem", *map(storable, astuple(row.problem)))
    return b"%b\t%b" % (row.key, line(values))
