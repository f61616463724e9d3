"""The rows that became no lead, as a CSV to correct and import again."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from campaigns_project.database.streaming import streamed
from campaigns_project.formulas import MARK, guard
from leads.cleaning import storable
from leads.imports.checking import RowProblem
from leads.imports.matching import EXTRA, PROBLEM_COLUMNS
from leads.imports.opening import reading_of
from leads.imports.people import People
from leads.imports.previewing import FilePreview
from leads.imports.problems import problems_of
from leads.imports.receiving import refuse_unready
from leads.imports.rules import Problem
from leads.imports.storing import fetch_parts
from leads.models import ImportStatus, LeadImport


class _Writable(Protocol):
    def write(self, text: str, /) -> object: ...


class ProblemWriter:
    """Writes the columns of the file and four more: row number, problem code and sentence, and cells too many.

    A corrected file imports as it is: the four are known and left out. Cells that a spreadsheet would run as a formula
    are disarmed, which the import undoes. Of a file that is itself such a list, the four are written anew.
    """

    def __init__(self, out: _Writable, header: Sequence[str]):
        out.write(MARK)
        self._width = len(header)
        self._kept = [position for position, name in enumerate(header) if name not in PROBLEM_COLUMNS]
        self._extra = header.index(EXTRA) if EXTRA in header else None
        self._writer = csv.writer(out)
        self._write([*(header[position] for position in self._kept), *PROBLEM_COLUMNS])

    def write(self, *, number: int, cells: Sequence[str], code: str, message: str) -> None:
        """One row, filled up to the width of the header; what stands behind it is a line of CSV in the last column."""
        fitted = [*cells[: self._width], *[""] * (self._width - len(cells))]
        before = "" if self._extra is None else fitted[self._extra]
        extra = as_line(cells[self._width :]) or before
        self._write([*(fitted[position] for position in self._kept), str(number), code, message, extra])

    def _write(self, cells: Sequence[str]) -> None:
        self._writer.writerow([guard(storable(cell)) for cell in cells])


def as_line(cells: Sequence[str]) -> str:
    """Cells as one text: a line of CSV without its end, empty where no cell has anything."""
    if not any(cells):
        return ""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()


def problem_lines(lead_import: LeadImport) -> Iterator[str]:
    """The CSV of an import's problems, a line at a time, for a streaming answer; of a draft those it would have.

    Raises what `refuse_unready` raises at once, not with the first line, while a draft's rows cannot be judged.
    """
    if lead_import.status != ImportStatus.DRAFT:
        return _written(lead_import, _kept(lead_import))
    refuse_unready(lead_import)
    return _written(lead_import, _to_come(lead_import))


def _written(lead_import: LeadImport, problems: Iterable[RowProblem]) -> Iterator[str]:
    lines = _Lines()
    writer = ProblemWriter(lines, lead_import.options["header"])
    yield from lines.taken()
    for problem in problems:
        found = problem.problem
        writer.write(number=problem.number, cells=problem.cells, code=found.code, message=found.message)
        yield from lines.taken()


def _kept(lead_import: LeadImport) -> Iterator[RowProblem]:
    for each in streamed(problems_of(lead_import).select_related("raw_lead")):
        problem = Problem(each.problem_code, each.problem_column, each.problem_message)
        yield RowProblem(each.row_number, _cells(each.raw_lead.payload), problem)


def _to_come(draft: LeadImport) -> Iterator[RowProblem]:
    with fetch_parts(draft.pk) as stream:
        for chunk in reading_of(draft).chunks(stream, people=People(draft.organization)):
            yield from chunk.problems


def _cells(payload: object) -> list[str]:
    """The row as it came; a provider's record has no columns to put it into."""
    return payload if isinstance(payload, list) else []


def problem_writer(out: _Writable) -> Callable[[FilePreview, RowProblem], None]:
    """What a dry run calls for every problem, to have it written to `out`."""
    writers: list[ProblemWriter] = []  # one, made when the header is known

    def write(preview: FilePreview, row: RowProblem) -> None:
        if not writers:
            writers.append(ProblemWriter(out, preview.inspection.columns.of_file))
        found = row.problem
        writers[0].write(number=row.number, cells=row.cells, code=found.code, message=found.message)

    return write


class _Lines:
    """What csv writes to, when nobody wants a file."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def write(self, text: str) -> None:
        self._lines.append(text)

    def taken(self) -> list[str]:
        lines, self._lines = self._lines, []
        return lines
