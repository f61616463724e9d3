"""Cells that a spreadsheet would run as a formula: disarmed on the way out, restored on the way in.

After OWASP's "CSV Injection": a leading apostrophe makes every spreadsheet read the cell as text. A value that already
is an apostrophe before a formula gets one more, so that writing and reading again always gives the value back.
"""

import csv
from collections.abc import Iterable, Iterator
from typing import Any

MARK = "\ufeff"  # without it Excel takes UTF-8 for the code page of the country
_FULL_WIDTH = ("\uff1d", "\uff0b", "\uff0d", "\uff20")  # = + - @ as typed on East Asian keyboards
TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n", *_FULL_WIDTH)
_FIRST = frozenset((*TRIGGERS, "'"))  # nearly no cell begins with one of these, and files have millions


def guard(cell: str) -> str:
    """The cell as it may be written into a CSV that people open in a spreadsheet."""
    return f"'{cell}" if cell[:1] in _FIRST and cell.lstrip("'").startswith(TRIGGERS) else cell


def unguard(cell: str) -> str:
    """The value behind a cell that `guard` has written; any other cell unchanged."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(TRIGGERS) else cell


def csv_lines(rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """A CSV that people open in a spreadsheet, a line for each row: its cells disarmed, None an empty one."""
    writer = csv.writer(_Echo())
    mark = MARK
    for row in rows:
        yield mark + writer.writerow(["" if cell is None else guard(str(cell)) for cell in row])
        mark = ""


class _Echo:
    """What csv writes to, when nobody wants a file: `writerow` answers what this does."""

    def write(self, text: str) -> str:
        return text
