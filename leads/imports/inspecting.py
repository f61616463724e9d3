"""The whole file looked over before anything is stored: what it is, what its columns become, how many rows it has."""

from dataclasses import dataclass
from typing import BinaryIO

from leads.imports import errors
from leads.imports.layouts import Layout, detect_layout
from leads.imports.matching import Columns, match_columns
from leads.imports.options import ImportOptions
from leads.imports.reading import Table

MAX_ROWS = 2_000_000  # an interrupted import checks the rows before its last chunk again: this many in half a minute


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is known of a file that can be imported; `rows` counts those that are not blank, without the header."""

    layout: Layout
    columns: Columns
    rows: int


def inspect(stream: BinaryIO, *, file_name: str, options: ImportOptions) -> Inspection:
    """Read a seekable stream to its end and say how it will be imported; raises a `FileRefused` when it cannot be."""
    layout = detect_layout(
        stream,
        file_name=file_name,
        encoding=options.encoding,
        delimiter=options.delimiter,
        sheet=options.sheet,
        header_row=options.header_row,
    )
    table = Table(stream, layout=layout, file_name=file_name)
    try:
        columns = match_columns(
            table.header,
            file_name=file_name,
            mapping=options.mapping,
            unknown_columns=options.unknown_columns,
        )
        rows = _count(table)
    finally:
        table.close()
        stream.seek(0)
    if not rows:
        raise errors.header_only(file_name, columns.header)
    return Inspection(layout, columns, rows)


def _count(table: Table) -> int:
    rows = 0
    for _ in table:
        rows += 1
        if rows > MAX_ROWS:
            raise errors.too_many_rows(table.file_name, limit=MAX_ROWS)
    return rows
