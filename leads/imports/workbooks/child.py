"""The process that opens a workbook: the file as standard input, a sheet of it as CSV on standard output.

`python -m leads.imports.workbooks.child MEMORY SECONDS sheets|rows [SHEET]`. It gives itself limits first: what asks
for more memory or time ends with this process and harms no other. The answer is one JSON object on standard error: the
sheets, or why not. It knows nothing of Django, so that it starts in a moment.
"""

import csv
import io
import json
import re
import resource
import sys
from collections.abc import Iterator
from itertools import islice, zip_longest
from typing import BinaryIO, cast

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from leads.imports.workbooks.archives import refuse_unless_workbook
from leads.imports.workbooks.cells import text_of
from leads.imports.workbooks.faults import faults_of
from leads.imports.workbooks.refusing import NoWorkbook

_BLOCK = 2**20
_FILE_MAX = 2**30  # bytes written: as much as a CSV may have
_LOOKED_AT = 100  # rows, for what a sheet holds
_ADDRESS = re.compile(r"[^<>@]*<?[^\s<>@,;]+@[^\s<>@,;]+\.[^\s<>@,;]+>?")
_CELL_MAX = 320  # characters that are looked at
_ZIP = b"PK\x03\x04"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # the stream of an encrypted workbook: MS-OFFCRYPTO 1.3.2


def main(memory: str, seconds: str, mode: str, sheet: str = "") -> None:
    """Convert the workbook on standard input, or say why that cannot be."""
    _limit(int(memory), int(seconds))
    try:
        workbook, names = _open(sys.stdin.buffer)
        name = _chosen(workbook, names, sheet)
        answer: dict[str, object] = {"sheets": names, "sheet": name}
        if mode == "rows":
            _write_rows(sys.stdin.buffer, workbook, name)
    except NoWorkbook as no:
        answer = {"refused": no.code, "facts": no.facts}
    except (MemoryError, OSError):  # the latter from _FILE_MAX
        answer = {"refused": "workbook_too_large", "facts": {}}
    sys.stderr.write(json.dumps(answer))


def _limit(memory: int, seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_MAX, _FILE_MAX))
    if sys.platform == "linux":  # macOS knows the limit and does not keep it
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _open(stream: BinaryIO) -> tuple[CalamineWorkbook, list[str]]:
    """The workbook and its sheets of cells, those that are shown first."""
    if stream.read(4) == _ZIP:
        refuse_unless_workbook(stream)
    elif _holds(stream, _ENCRYPTED):
        raise NoWorkbook("encrypted_file")
    stream.seek(0)
    try:
        workbook = CalamineWorkbook.from_filelike(stream)
    except PasswordError:
        raise NoWorkbook("encrypted_file") from None
    except CalamineError as error:
        raise NoWorkbook("damaged_workbook", detail=f"It cannot be read ({error}).") from None
    sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    if not sheets:
        raise NoWorkbook("damaged_workbook", detail="It has no sheet of cells.")
    sheets.sort(key=lambda sheet: sheet.visible != SheetVisibleEnum.Visible)
    return workbook, [sheet.name for sheet in sheets]


def _holds(stream: BinaryIO, wanted: bytes) -> bool:
    stream.seek(0)
    block = b""
    while more := stream.read(_BLOCK):
        block = block[-len(wanted) :] + more
        if wanted in block:
            return True
    return False


def _chosen(workbook: CalamineWorkbook, names: list[str], sheet: str) -> str:
    """The sheet that was asked for; else the first that is shown and has a column of addresses, else the first."""
    if sheet and sheet not in names:
        raise NoWorkbook("unknown_sheet", sheet=sheet, sheets=names)
    if sheet or len(names) == 1:
        return sheet or names[0]
    shown = {each.name for each in workbook.sheets_metadata if each.visible == SheetVisibleEnum.Visible}
    return next((name for name in names if name in shown and _has_addresses(workbook, name)), names[0])


def _has_addresses(workbook: CalamineWorkbook, name: str) -> bool:
    """Whether half of the cells of some column are addresses: a cover may name one beside other things."""
    try:
        rows = list(islice(_sheet(workbook, name).iter_rows(), _LOOKED_AT))
    except NoWorkbook:
        return False  # of a sheet that nobody asked for it is not worth a word
    columns = (
        [text for value in column if (text := text_of(value).strip())] for column in zip_longest(*rows, fillvalue="")
    )
    return any(2 * sum(map(_is_address, column)) >= len(column) for column in columns if column)


def _is_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text[:_CELL_MAX]) is not None


def _sheet(workbook: CalamineWorkbook, name: str) -> CalamineSheet:
    try:
        return workbook.get_sheet_by_name(name)
    except CalamineError as error:
        raise NoWorkbook("damaged_workbook", detail=f"Its sheet “{name}” cannot be read ({error}).") from None


def _write_rows(stream: BinaryIO, workbook: CalamineWorkbook, name: str) -> None:
    sheet = _sheet(workbook, name)
    out = io.TextIOWrapper(cast(BinaryIO, sys.stdout.buffer), "utf-8", newline="", write_through=False)
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(_rows(sheet, faults_of(stream, name)))
    out.flush()


def _rows(sheet: CalamineSheet, faults: dict[tuple[int, int], str]) -> Iterator[list[str]]:
    """Every row from the first of the sheet on, so that their numbers are those people see; blank columns on the left
    are left out, as people do not see them as columns."""
    first = sheet.start[1] + 1 if sheet.start else min((column for _, column in faults), default=1)
    left = min([first, *(column for _, column in faults)])
    by_row: dict[int, dict[int, str]] = {}
    for (row, column), text in faults.items():
        by_row.setdefault(row, {})[column - left] = text
    number = 0
    for number, values in enumerate(sheet.iter_rows(), start=1):
        cells = [""] * (first - left) + [text_of(value) for value in values]
        yield _with_faults(cells, by_row.pop(number, {}))
    for further in range(number + 1, max(by_row, default=0) + 1):  # rows of nothing but such cells, at the end
        yield _with_faults([], by_row.get(further, {}))


def _with_faults(cells: list[str], faults: dict[int, str]) -> list[str]:
    for position, text in faults.items():
        cells.extend([""] * (position + 1 - len(cells)))
        cells[position] = text
    return cells


if __name__ == "__main__":
    main(*sys.argv[1:])
