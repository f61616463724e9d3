"""An import without importing: the same reading, checking and comparing, and not one row written."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO

from django.db import transaction

from campaigns_project.accounts.models import Organization
from leads.imports.checking import Chunk, RowProblem, checked_chunks
from leads.imports.inspecting import Inspection, inspect
from leads.imports.merging import Merged, compare
from leads.imports.options import ImportOptions
from leads.imports.reading import Table
from leads.imports.storing import spool

SHOWN_PROBLEMS = 10
OnProgress = Callable[["Preview"], object]
OnProblem = Callable[["Preview", RowProblem], object]


@dataclass(slots=True)
class Preview:
    """What an import of the file would give now; `created` to `problems` add up to `rows_done`."""

    inspection: Inspection
    rows_done: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: int = 0
    problem_codes: Counter[str] = field(default_factory=Counter)
    first_problems: list[RowProblem] = field(default_factory=list)

    def add(self, chunk: Chunk, merged: Merged) -> None:
        """Count a chunk and what would become of it."""
        self.rows_done += len(chunk)
        self.created += merged.created
        self.updated += merged.updated
        self.unchanged += merged.unchanged
        self.problems += len(chunk.problems)
        self.problem_codes.update(row.problem.code for row in chunk.problems)
        self.first_problems += chunk.problems[: SHOWN_PROBLEMS - len(self.first_problems)]


def dry_run(
    *,
    organization: Organization,
    stream: BinaryIO,
    file_name: str,
    options: ImportOptions,
    on_progress: OnProgress | None = None,
    on_problem: OnProblem | None = None,
) -> Preview:
    """Count what an import would do with the file; raises a `FileRefused` as `receive` does.

    `on_problem` is called for every row that would become no lead, in the order of the file. Only two things are
    created by it, and both are gone at the end: a temporary file and, per chunk, a temporary table.
    """
    spooled = spool(stream, file_name=file_name)
    with spooled.stream:
        inspection = inspect(spooled.stream, file_name=file_name, options=options)
        preview = Preview(inspection)
        table = Table(spooled.stream, layout=inspection.layout, file_name=file_name)
        for chunk in checked_chunks(table, columns=inspection.columns):
            with transaction.atomic():
                merged = compare(chunk.rows, organization_id=organization.pk, on_existing=options.on_existing)
            preview.add(chunk, merged)
            if on_problem:
                for row in chunk.problems:
                    on_problem(preview, row)
            if on_progress:
                on_progress(preview)
    return preview
