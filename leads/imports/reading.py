"""From a binary stream to a header and rows, one at a time: constant memory, whatever the file holds.

Row numbers are those that a spreadsheet shows: the header is row 1, blank lines count, a cell with line breaks is one
row.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, NamedTuple

from leads.imports import delimiters, encodings, errors, signatures
from leads.imports.cleaning import is_damaged, storable
from leads.imports.matching import is_known_header

MAX_COLUMNS = 1_000
MAX_HEADER = 200  # characters of one column's name
MAX_FIELD = csv.field_size_limit()  # characters of one cell: csv's own default of 131,072; a person has no longer ones
MAX_RECORD = 2_000_000  # characters of one row
_SAMPLE = 1 << 16  # characters the delimiter is guessed from


@dataclass(frozen=True, slots=True)
class Layout:
    """How the bytes are to be read; kept with the import, so that every later reading is the same."""

    encoding: str
    delimiter: str
    skip_lines: int = 0  # a first line `sep=;` is neither header nor row

    @property
    def description(self) -> str:
        """What was found, for people: `UTF-8, semicolon`."""
        return f"{encodings.label_of(self.encoding)}, {delimiters.name_of(self.delimiter)}"


class Row(NamedTuple):
    """One row as it stands in the file."""

    number: int
    cells: list[str]


def detect_layout(stream: BinaryIO, *, file_name: str, encoding: str = "", delimiter: str = "") -> Layout:
    """Find encoding and delimiter of a seekable stream, or check those the caller named; left at its beginning.

    Reads the whole file once. Refusals: `empty_file`, `binary_file`, `unknown_encoding`, `bad_delimiter`.
    """
    head = signatures.head_of(stream)
    if not head:
        raise errors.empty_file(file_name)
    signatures.refuse_if_not_text(head, file_name=file_name)
    found = encodings.named_encoding(encoding, head=head) if encoding else encodings.detect_encoding(stream)
    if not found.name.startswith(("utf-16", "utf-32")):
        signatures.refuse_if_mostly_controls(head, file_name=file_name)
    sample = _sample(stream, found)
    if not sample.strip():
        raise errors.empty_file(file_name)
    declared = delimiters.sep_line(sample)
    body = sample.split("\n", 1)[-1] if declared else sample
    chosen = (
        delimiters.named_delimiter(delimiter)
        if delimiter
        else declared or delimiters.detect_delimiter(body, is_known=is_known_header)
    )
    return Layout(found.name, chosen, skip_lines=1 if declared else 0)


def _sample(stream: BinaryIO, encoding: encodings.Encoding) -> str:
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding.name, encoding.error_handler, newline=None)
    sample = text.read(_SAMPLE)
    text.detach()
    stream.seek(0)
    return sample


class Table:
    """A file opened for one reading: `header` at once, then the rows by iterating.

    It does not close the stream. Raises a `FileRefused` for what makes the whole file unreadable: `empty_file`,
    `too_many_columns`, `header_too_long`, `damaged_header`, `field_too_large`, `row_too_large`, `unclosed_quote`.
    """

    def __init__(self, stream: BinaryIO, *, layout: Layout, file_name: str):
        self.file_name = file_name
        self.layout = layout
        handler = encodings.Encoding(layout.encoding, "").error_handler
        self._text = io.TextIOWrapper(stream, layout.encoding, handler, newline="")
        for _ in range(layout.skip_lines):
            self._text.readline(MAX_RECORD)
        self._lines = _Lines(self._text)
        self._records = self._read()
        self.header = self._read_header()

    def __iter__(self) -> Iterator[Row]:
        return self._records

    def close(self) -> None:
        """Let go of the stream without closing it."""
        self._text.detach()

    def _read_header(self) -> list[str]:
        first = next(self._records, None)
        if first is None:
            raise errors.empty_file(self.file_name)
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

    def _read(self) -> Iterator[Row]:
        lines, number = self._lines, 0
        reader = csv.reader(lines, delimiter=self.layout.delimiter, skipinitialspace=True)
        try:
            for number, cells in enumerate(reader, start=1):
                if any(cells):
                    yield Row(number, cells)
                lines.next_record()
        except csv.Error as problem:  # nothing but a size raises it, as csv is not told to be strict
            raise self._too_large(number + 1) from problem
        if self._ends_inside_quotes():
            raise errors.unclosed_quote(self.file_name, row=number)

    def _too_large(self, row: int) -> errors.FileRefused:
        column = _first_oversized_column("".join(self._lines.record), self.layout.delimiter)
        if column is None:
            return errors.row_too_large(self.file_name, row=row, limit=MAX_RECORD)
        header = getattr(self, "header", [])
        name = f"{column} (“{header[column - 1]}”)" if column <= len(header) else str(column)
        return errors.field_too_large(self.file_name, row=row, column=name, limit=MAX_FIELD)

    def _ends_inside_quotes(self) -> bool:
        """Whether a further line would still belong to the last row, which csv forgives in silence."""
        lines = [*self._lines.previous, "\n", "x"]
        try:
            return sum(1 for _ in csv.reader(lines, delimiter=self.layout.delimiter, skipinitialspace=True)) == 1
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


def _first_oversized_column(text: str, delimiter: str) -> int | None:
    """The number of the first cell longer than csv takes, in a row that csv gave up on."""
    outside = True
    size, column = 0, 1
    for piece in re.split(f'("|{re.escape(delimiter)})', text):
        if piece == '"':
            outside = not outside
        elif piece == delimiter and outside:
            size, column = 0, column + 1
        else:
            size += len(piece)
            if size > MAX_FIELD:
                return column
    return None
