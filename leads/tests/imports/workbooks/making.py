"""Workbooks as bytes: by openpyxl, and bent by hand where no program writes what a test needs."""

import io
import zipfile
from collections.abc import Callable, Iterable
from typing import Any

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet


def workbook(
    rows: Iterable[Iterable[Any]] = (), *, finish: Callable[[Workbook, Worksheet], None] | None = None
) -> bytes:
    """An XLSX whose first sheet, “Leads”, has the rows; `finish` may change what it likes."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Leads"
    for row in rows:
        sheet.append(list(row))
    if finish:
        finish(book, sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def error(sheet: Worksheet, place: str, text: str) -> None:
    """Put an error such as #REF! into a cell."""
    sheet[place] = text
    sheet[place].data_type = "e"


def changed(content: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The archive with one of its parts changed, or added where it has none of that name."""
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    return archive({**parts, part: change(parts.get(part, b""))})


def archive(parts: dict[str, bytes]) -> bytes:
    """A zip archive of the parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)
    return out.getvalue()
