"""An import without importing: the same reading, checking and comparing, and not one row written."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from django.db import transaction

from campaigns_project.accounts.models import Organization
from leads.imports.ahead import made_ahead
from leads.imports.checking import Chunk, RowProblem
from leads.imports.comparing import Comparison, Difference, compare
from leads.imports.following import check_follow_up
from leads.imports.inspecting import Inspection, inspect
from leads.imports.opening import Reading
from leads.imports.options import ImportOptions
from leads.imports.people import People
from leads.imports.storing import spool
from leads.tagging import check_tag_names

KEPT_PROBLEMS = 50  # as many as somebody may correct one by one
SHOWN_DIFFERENCES = 20


@dataclass(slots=True)
class Preview:
    """What an import would give now; `created` to `problems` add up to `rows_done`.

    `do_not_contact` are the rows among them, whatever becomes of them, that say not to write to their person, and
    `do_not_contact_reasons` the same by the reason that was understood.
    """

    rows_done: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: int = 0
    do_not_contact: int = 0
    do_not_contact_reasons: Counter[str] = field(default_factory=Counter)
    problem_codes: Counter[str] = field(default_factory=Counter)
    first_problems: list[RowProblem] = field(default_factory=list)
    field_changes: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    def add(self, chunk: Chunk, found: Comparison) -> None:
        """Count a chunk and what would become of it."""
        self.rows_done += len(chunk)
        self.created += found.merged.created
        self.updated += found.merged.updated
        self.unchanged += found.merged.unchanged
        self.problems += len(chunk.problems)
        self.do_not_contact += len(chunk.opted_out)
        self.do_not_contact_reasons.update(found.reason.value for found in chunk.opted_out)
        self.problem_codes.update(row.problem.code for row in chunk.problems)
        self.first_problems += chunk.problems[: KEPT_PROBLEMS - len(self.first_problems)]
        self.field_changes.update(found.field_changes)
        self.differences += found.differences[: SHOWN_DIFFERENCES - len(self.differences)]

    def as_dict(self) -> dict[str, Any]:
        """What is kept with a draft: all counts, the first problems and the first differences."""
        return {
            "rows": self.rows_done,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "problems": self.problems,
            "do_not_contact": self.do_not_contact,
            "do_not_contact_reasons": dict(self.do_not_contact_reasons),
            "problem_codes": dict(self.problem_codes),
            "field_changes": dict(self.field_changes),
            "samples": [difference._asdict() for difference in self.differences],
            "first_problems": [
                {
                    "row": row.number,
                    "column": row.problem.column,
                    "code": row.problem.code,
                    "message": row.problem.message,
                }
                for row in self.first_problems
            ],
        }


@dataclass(slots=True)
class FilePreview(Preview):
    """What an import of a file that is stored nowhere would give."""

    inspection: Inspection = field(kw_only=True)


def dry_run(
    *,
    organization: Organization,
    stream: BinaryIO,
    file_name: str,
    options: ImportOptions,
    on_progress: Callable[[FilePreview], object] | None = None,
    on_problem: Callable[[FilePreview, RowProblem], object] | None = None,
) -> FilePreview:
    """Count what an import would do with the file; raises a `FileRefused` as `receive` does.

    `on_problem` is called for every row that would become no lead, in the order of the file. Only two things are
    created by it, and both are gone at the end: a temporary file and, per chunk, temporary tables.
    """
    check_follow_up(organization, options)
    check_tag_names(organization, options.tags)
    spooled = spool(stream, file_name=file_name)
    with spooled.stream:
        inspection = inspect(spooled.stream, file_name=file_name, options=options)
        reading = Reading(
            file_name=file_name,
            layout=inspection.layout,
            columns=inspection.columns,
            fixes={},
            has_header=True,
            rows=inspection.rows,
        )
        preview = FilePreview(inspection=inspection)

        def told(chunk: Chunk) -> None:
            if on_problem:
                for row in chunk.problems:
                    on_problem(preview, row)
            if on_progress:
                on_progress(preview)

        look_through(
            preview,
            reading=reading,
            stream=spooled.stream,
            organization=organization,
            on_existing=options.on_existing,
            after_chunk=told,
        )
    return preview


def look_through(
    preview: Preview,
    *,
    reading: Reading,
    stream: BinaryIO,
    organization: Organization,
    on_existing: str,
    after_chunk: Callable[[Chunk], object],
) -> None:
    """Count into `preview` what would become of every row; `after_chunk` may end it by an exception."""
    people = People(organization)
    with made_ahead(reading.chunks(stream, people=people)) as chunks:
        for chunk in chunks:
            with transaction.atomic():
                found = compare(
                    chunk.rows,
                    organization_id=organization.pk,
                    on_existing=on_existing,
                    samples=SHOWN_DIFFERENCES - len(preview.differences),
                )
            preview.add(chunk, found)
            after_chunk(chunk)
