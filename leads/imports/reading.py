"""From a binary stream to a header and rows, one at a time: constant memory, whatever the file holds.

Row numbers are those that a spreadsheet shows: blank lines count, a cell with line breaks is one row. A workbook is
read as the CSV of one of its sheets.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, BinaryIO, NamedTuple, cast

from leads.cleaning import is_damaged, storable
from leads.imports import encodings, errors, signatures
from leads.imports.layouts import Layout, detect_layout, layout_of_workbook
from leads.imports.options import ImportOptions
from leads.imports.workbooks.converting import as_csv, is_workbook

MAX_COLUMNS = 1_000
MAX_HEADER = 200  # characters of one column's name
MAX_FIELD = csv.field_size_limit()  # characters of one cell: csv's own default of 131,072; a person has no longer ones
MAX_RECORD = 2_000_000  # characters of one row
HEADER_OF_A_LIST = "email"  # what the one column is called where nobody has named it


class Row(NamedTuple):
    """One row as it stands in the file."""

    number: int
    cells: list[str]


def open_table(stream: BinaryIO, *, file_name: str, options: ImportOptions) -> "Table":
    """A seekable file opened as it was found to be, or as the options say; raises what `detect_layout` and Table do."""
    if is_workbook(signatures.head_of(stream)):
        converted = as_csv(stream, file_name=file_name, sheet=options.sheet)
        try:
            layout = layout_of_workbook(converted, header_row=options.header_row)
            return Table(stream, layout=layout, file_name=file_name, converted=converted.stream)
        except errors.FileRefused:
            converted.stream.close()
            raise
    layout = detect_layout(
        stream,
        file_name=file_name,
        encoding=options.encoding,
        delimiter=options.delimiter,
        header_row=options.header_row,
    )
    return Table(stream, layout=layout, file_name=file_name)


class Table:
    """A file opened for one reading: `header` at once, then the rows by iterating.

    It does not close the stream. Raises a `FileRefused` for what makes the whole file unreadable: `empty_file`,
    `too_many_columns`, `header_too_long`, `damaged_header`, `field_too_large`, `row_too_large`, `unclosed_quote`,
    `bad_header_row`, `empty_sheet`, and what `as_csv` raises.
    """

    def __init__(self, stream: BinaryIO, *, layout: Layout, file_name: str, converted: BinaryIO | None = None):
        """`converted` is the CSV of a workbook where there is one already; it is closed at the end of the reading."""
        self.file_name = file_name
        self.layout = layout
        self._converted = converted
        if layout.is_workbook:
            if converted is None:
                self._converted = as_csv(stream, file_name=file_name, sheet=layout.sheet).stream
            stream = cast(BinaryIO, self._converted)
            layout = replace(layout, encoding="utf-8", delimiter=",")
        self._csv_options = layout.csv_options
        handler = encodings.Encoding(layout.encoding, "").error_handler
        self._text = io.TextIOWrapper(stream, layout.encoding, handler, newline="")
        for _ in range(layout.skip_lines):
            self._text.readline(MAX_RECORD)
        self._lines = _Lines(self._text)
        self._records = self._read()
        try:
            self.header = self._read_header()
        except errors.FileRefused:
            self._drop_converted()
            raise

    def __iter__(self) -> Iterator[Row]:
        return self._records

    def close(self) -> None:
        """Let go of the stream without closing it."""
        if self._converted is None and not self._text.closed:
            self._text.detach()
        self._drop_converted()

    def _read_header(self) -> list[str]:
        if self.layout.is_bare_list:
            return [HEADER_OF_A_LIST]
        first = next(self._records, None)
        if first is None:
            raise self._without_header()
        header = [cell.strip().lstrip("\ufeff").lstrip() for cell in first.cells]
        while header and not header[-1]:
            header.pop()
        if len(header) > MAX_COLUMNS:
            raise errors.too_many_columns(self.file_name, count=len(header), limit=MAX_COLUMNS)
        for position, name in enumerate(header, start=1):
            if len(name) > MAX_HEADER:
                raise errors.header_too_long(self.file_name, column=position, limit=MAX_HEADER)
            if is_damaged(storable(name)):
                encoding = encodings.label_of(self.layout.encoding)
                raise errors.damaged_header(self.file_name, column=position, name=name, encoding=encoding)
        return header

    def _without_header(self) -> errors.FileRefused:
        if self.layout.header_row > 1:
            return errors.bad_header_row(self.file_name, row=self.layout.header_row)
        if self._converted is not None:
            return errors.empty_sheet(self.file_name, sheet=self.layout.sheet)
        return errors.empty_file(self.file_name)

    def _read(self) -> Iterator[Row]:
        lines, number, header_row = self._lines, 0, self.layout.header_row
        reader = csv.reader(lines, **self._csv_options)
        try:
            for number, cells in enumerate(reader, start=1):
                if any(cells) and number >= header_row:
                    yield Row(number, cells)
                lines.next_record()
        except csv.Error as problem:  # nothing but a size raises it, as csv is not told to be strict
            raise self._too_large(number + 1) from problem
        finally:
            self._drop_converted()
        if self._ends_inside_quotes():
            raise errors.unclosed_quote(self.file_name, row=number)

    def _drop_converted(self) -> None:
        if self._converted is not None:
            self._converted.close()

    def _too_large(self, row: int) -> errors.FileRefused:
        column = _first_oversized_column("".join(self._lines.record), self._csv_options)
        if column is None:
            return errors.row_too_large(self.file_name, row=row, limit=MAX_RECORD)
        header = getattr(self, "header", [])
        name = f"{column} (“{header[column - 1]}”)" if column <= len(header) else str(column)
        return errors.field_too_large(self.file_name, row=row, column=name, limit=MAX_FIELD)

    def _ends_inside_quotes(self) -> bool:
        """Whether a further line would still belong to the last row, which csv forgives in silence."""
        lines = [*self._lines.previous, "\n", "x"]
        try:
            return sum(1 for _ in csv.reader(lines, **self._csv_options)) == 1
        except csv.Error:
            return True


class _Lines:
    """Lines of a text, cut at MAX_RECORD; `record` holds those of the row being read, `previous` those of the last."""

    def __init__(self, text: io.TextIOWrapper):
        self._readline = partial(text.readline, MAX_RECORD)
        self._size = 0
        self.record: list[str] = []
        self.previous: list[str] = []

    def __iter__(self) -> Iterator[str]:
        for line in iter(self._readline, ""):
            self.record.append(line)
            self._size += len(line)
            if self._size >= MAX_RECORD:
                raise csv.Error("row larger than the row limit")
            yield line

    def next_record(self) -> None:
        self.previous, self.record, self._size = self.record, [], 0


def _first_oversized_column(text: str, dialect: Mapping[str, Any]) -> int | None:
    """The number of the first cell longer than csv takes, in a row that csv gave up on."""
    delimiter, quote = dialect["delimiter"], dialect["quotechar"]
    outside = True
    size, column = 0, 1
    for piece in re.split(f"({quote}|{re.escape(delimiter)})", text):
        if piece == quote:
            outside = not outside
        elif piece == delimiter and outside:
            size, column = 0, column + 1
        else:
            size += len(piece)
            if size > MAX_FIELD:
                return column
    return None
