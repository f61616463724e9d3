"""How a file is to be read: found out once, from its bytes, and kept with its import."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, BinaryIO, Self

from leads.imports import delimiters, encodings, errors, signatures
from leads.imports.dialects import DOUBLE, csv_options, detect_quoting, long_delimiter
from leads.imports.matching import is_known_header
from leads.imports.preambles import NumberedRow, first_rows, header_at, is_bare_list
from leads.imports.workbooks.converting import Converted, as_csv, is_workbook

WORKBOOK = "workbook"
_SAMPLE = 1 << 16  # characters the delimiter is guessed from


@dataclass(frozen=True, slots=True)
class Layout:
    """How the bytes are to be read; kept with the import, so that every later reading is the same."""

    encoding: str  # WORKBOOK for a workbook, which has no delimiter either
    delimiter: str
    skip_lines: int = 0  # a first line `sep=;` is neither header nor row
    header_row: int = 1  # rows before it are a title, a date, blank
    quote: str = DOUBLE
    escape: str = ""
    sheet: str = ""
    is_bare_list: bool = False  # one address a line, from the first on: there is no header

    @classmethod
    def kept(cls, encoding: str, delimiter: str, options: Mapping[str, Any]) -> Self:
        """The layout of an import, from its fields and its options."""
        return cls(encoding, delimiter, **options.get("layout", {"skip_lines": options.get("skip_lines", 0)}))

    @property
    def options(self) -> dict[str, Any]:
        """What belongs among the options of an import, beside what was asked for."""
        fields = asdict(self)
        del fields["encoding"], fields["delimiter"]
        return {"layout": fields}

    @property
    def is_workbook(self) -> bool:
        """Whether the file is a workbook."""
        return self.encoding == WORKBOOK

    @property
    def csv_options(self) -> dict[str, Any]:
        """What csv.reader takes for it."""
        return {**csv_options(self.delimiter, self.quote, self.escape), "skipinitialspace": True}


def detect_layout(
    stream: BinaryIO,
    *,
    file_name: str,
    encoding: str = "",
    delimiter: str = "",
    sheet: str = "",
    header_row: int | None = None,
) -> Layout:
    """Find out how a seekable stream is read, or check what the caller named; it is left at its beginning.

    Reads the whole file once. Refusals: `empty_file`, `binary_file`, `unknown_encoding`, `wrong_encoding`,
    `bad_delimiter`, `long_delimiter`, and those of a workbook (`workbooks.converting`).
    """
    head = signatures.head_of(stream)
    if not head:
        raise errors.empty_file(file_name)
    if is_workbook(head):
        converted = as_csv(stream, file_name=file_name, sheet=sheet)
        with converted.stream:
            return layout_of_workbook(converted, header_row=header_row)
    signatures.refuse_if_not_text(head, file_name=file_name)
    found = encodings.named_encoding(encoding, head=head) if encoding else encodings.detect_encoding(stream)
    if encoding and not encodings.can_read(found, stream):
        raise errors.wrong_encoding(file_name, found.label)
    if not found.name.startswith(("utf-16", "utf-32")):
        signatures.refuse_if_mostly_controls(head, file_name=file_name)
    sample = _sample(stream, found)
    if not sample.strip():
        raise errors.empty_file(file_name)
    layout = _layout_of_text(sample, found.name, delimiter=delimiter, file_name=file_name)
    return layout if header_row is None else replace(layout, header_row=header_row, is_bare_list=False)


def layout_of_workbook(converted: Converted, *, header_row: int | None) -> Layout:
    """How a workbook is read, from its conversion, which is left at its beginning."""
    if header_row is not None:
        return Layout(WORKBOOK, "", header_row=header_row, sheet=converted.sheet)
    rows = first_rows(_sample(converted.stream, encodings.Encoding("utf-8", "")))
    bare = is_bare_list(rows)
    return Layout(WORKBOOK, "", header_row=_header_row(rows), sheet=converted.sheet, is_bare_list=bare)


def _layout_of_text(sample: str, encoding: str, *, delimiter: str, file_name: str) -> Layout:
    declared = delimiters.sep_line(sample)
    if declared:
        sample = sample.split("\n", 1)[-1]
    chosen = (
        delimiters.named_delimiter(delimiter)
        if delimiter
        else declared or delimiters.detect_delimiter(sample, is_known=is_known_header)
    )
    quoting = detect_quoting(sample, delimiter=chosen)
    rows = first_rows(sample, **csv_options(chosen, quoting.quote, quoting.escape))
    if several := long_delimiter(rows, delimiter=chosen):
        raise errors.long_delimiter(file_name, delimiter=several)
    return Layout(
        encoding,
        chosen,
        skip_lines=1 if declared else 0,
        header_row=_header_row(rows),
        quote=quoting.quote,
        escape=quoting.escape,
        is_bare_list=is_bare_list(rows),
    )


def _header_row(rows: Sequence[NumberedRow]) -> int:
    return rows[header_at(rows, is_known=is_known_header)][0] if rows else 1


def _sample(stream: BinaryIO, encoding: encodings.Encoding) -> str:
    """The beginning of the text. One that ends with a line break does not end in the middle of a line."""
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding.name, encoding.error_handler, newline="")
    sample = text.read(_SAMPLE)
    text.detach()
    stream.seek(0)
    is_whole = len(sample) < _SAMPLE
    return f"{sample}\n" if is_whole and not sample.endswith("\n") else sample
