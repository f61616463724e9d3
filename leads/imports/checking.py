"""Rows checked in chunks: those that may become leads, and those that may not, each with its reason."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from leads.imports.duplicates import SeenAddresses
from leads.imports.matching import Columns
from leads.imports.reading import Row
from leads.imports.rules import Problem
from leads.imports.validating import CleanRow, RowValidator

CHUNK_ROWS = 5_000  # larger ones are no faster, keep locks longer and take more memory
CHUNK_CHARACTERS = 16_000_000  # a file of huge free texts comes in smaller chunks, so that memory stays bounded


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that becomes no lead: its number, its cells as they stand in the file, and why."""

    number: int
    cells: list[str]
    problem: Problem


@dataclass(slots=True)
class Chunk:
    """Up to CHUNK_ROWS rows, each in one of the two lists; no address is in `rows` twice, or in an earlier chunk."""

    rows: list[CleanRow] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows) + len(self.problems)


def checked_chunks(rows: Iterable[Row], *, columns: Columns, skip: int = 0) -> Iterator[Chunk]:
    """Check every row and hand the results out in chunks.

    The first `skip` rows are checked for the addresses they bring, and not handed out: an earlier run has done them.
    """
    checker = _Checker(columns)
    chunk, characters = Chunk(), 0
    for position, row in enumerate(rows):
        result = checker.check(row)
        if position < skip:
            continue
        if isinstance(result, RowProblem):
            chunk.problems.append(result)
        else:
            chunk.rows.append(result)
        characters += sum(map(len, row.cells))
        if len(chunk) == CHUNK_ROWS or characters > CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = Chunk(), 0
    if chunk:
        yield chunk


class _Checker:
    """Each row by itself, then against the addresses of the rows that were accepted before."""

    def __init__(self, columns: Columns):
        self._validate = RowValidator(columns).check
        self._seen = SeenAddresses()
        self._email_column = columns.header[columns.position("email") or 0]

    def check(self, row: Row) -> CleanRow | RowProblem:
        result = self._validate(row)
        if isinstance(result, Problem):
            return RowProblem(row.number, row.cells, result)
        first = self._seen.first_row(result.email_normalized, row.number)
        if first is None:
            return result
        message = f"{result.values[0]} is in row {first:,} already; that row counts."
        return RowProblem(row.number, row.cells, Problem("duplicate_in_file", self._email_column, message))
