"""The whole file looked over before anything is stored: what it is, what its columns become, how many rows it has."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from leads.imports import errors
from leads.imports.layouts import Layout
from leads.imports.matching import Columns, match_columns
from leads.imports.options import ImportOptions
from leads.imports.reading import Row, Table, open_table

SAMPLE_ROWS = 50  # looked at for what a column holds
MAX_ROWS = 2_000_000  # an interrupted import checks the rows before its last chunk again: this many in half a minute


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is known of a file that can be imported; `rows` counts those that are not blank, without the header.

    `samples` are the first rows as they stand in the file.
    """

    layout: Layout
    columns: Columns
    rows: int
    samples: tuple[Row, ...] = ()


def inspect(stream: BinaryIO, *, file_name: str, options: ImportOptions, is_draft: bool = False) -> Inspection:
    """Read a seekable stream to its end and say how it will be imported; raises a `FileRefused` when it cannot be.

    Of a draft nobody may have said yet which column holds the address.
    """
    table = open_table(stream, file_name=file_name, options=options)
    try:
        samples = tuple(islice(table, SAMPLE_ROWS))
        columns = match_columns(
            table.header,
            file_name=file_name,
            mapping=options.mapping,
            unknown_columns=options.unknown_columns,
            samples=by_column(table.header, samples),
            needs_email=not is_draft,
        )
        rows = _count(table, so_far=len(samples))
    finally:
        table.close()
        stream.seek(0)
    if not rows:
        raise errors.header_only(file_name, columns.header)
    return Inspection(table.layout, columns, rows, samples)


def by_column(header: Sequence[str], rows: Sequence[Row]) -> list[list[str]]:
    """The cells of each column that are not blank."""
    columns: list[list[str]] = [[] for _ in header]
    for row in rows:
        for column, cell in zip(columns, row.cells, strict=False):
            if cell.strip():
                column.append(cell)
    return columns


def _count(table: Table, *, so_far: int) -> int:
    rows = so_far
    for _ in table:
        rows += 1
        if rows > MAX_ROWS:
            raise errors.too_many_rows(table.file_name, limit=MAX_ROWS)
    return rows
