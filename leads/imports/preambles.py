"""Which of the first rows is the header: reports begin with a title, the day and a blank line more often than not."""

import csv
import io
import re
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

_SAMPLE_ROWS = 100
_FIRST_ROWS = 20  # the header stands among these
_ADDRESS = re.compile(r"\s*[\"']?[^@\s,;|]+@[^@\s,;|]+\s*")

NumberedRow = tuple[int, list[str]]


def first_rows(text: str, **dialect: Any) -> list[NumberedRow]:
    """The rows of the beginning of a file that are not blank, each with its number, as csv reads them with `dialect`.

    The last one is left out where the text may end in the middle of it; with `strict`, all from the first fault on.
    """
    lines = io.StringIO(text, newline="")  # splits where a file does, and not at U+2028 as splitlines would
    reader = csv.reader(lines, skipinitialspace=True, **dialect)
    rows: list[NumberedRow] = []
    try:
        rows.extend(islice(((n, cells) for n, cells in enumerate(reader, start=1) if any(cells)), _SAMPLE_ROWS))
    except csv.Error:  # of a cell longer than csv takes: the reading of the whole file will name it
        return rows
    return rows[:-1] if len(rows) > 2 and not text.endswith("\n") else rows


def header_at(rows: Sequence[NumberedRow], *, is_known: Callable[[str], bool]) -> int:
    """The place of the header among `rows`: the first with the most names of fields, before any row with an address.

    0 where no row has a name that is known: then it is the first one, as in any CSV.
    """
    best, most = 0, 0
    for place, (_, cells) in enumerate(rows[:_FIRST_ROWS]):
        if has_address(cells):
            break
        known = sum(is_known(cell) for cell in cells)
        if known > most:
            best, most = place, known
    return best


def is_bare_list(rows: Sequence[NumberedRow]) -> bool:
    """Whether the rows are addresses from the first on, most of them, and nothing beside them."""
    filled = [[cell for cell in cells if cell.strip()] for _, cells in rows]
    is_one_column = all(len(cells) <= 1 and cells == row[:1] for cells, (_, row) in zip(filled, rows, strict=True))
    addresses = sum(map(has_address, filled))
    return is_one_column and has_address(filled[0] if filled else []) and 2 * addresses >= len(filled)


def has_address(cells: Sequence[str]) -> bool:
    """Whether some cell is an e-mail address and nothing else."""
    return any(map(_ADDRESS.fullmatch, cells))
