"""Which character separates the columns, from the first lines.

Each candidate splits the lines, quotes honored. The right one cuts out addresses and known headers, and gives every row
as many cells as the header; a wrong one (the comma inside “Acme, Inc.”) does so on some lines only.
"""

import csv
import re
from collections.abc import Callable

from leads.imports import errors

CANDIDATES = (",", ";", "\t", "|")  # in the order in which they win when all else is equal
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", ":": "colon", " ": "space"}
_SAMPLE_ROWS = 100
_BY_NAME = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "colon": ":", "space": " "}
_ADDRESS = re.compile(r"\s*[^@\s,;|]+@[^@\s,;|]+\s*")
_SEP_LINE = re.compile(r'"?sep=(.)"?\r?(?:\n|\Z)', re.IGNORECASE)


def named_delimiter(text: str) -> str:
    """The delimiter the caller asked for, by its character or its name; raises `bad_delimiter`."""
    delimiter = _BY_NAME.get(text.lower(), text)
    if len(delimiter) != 1 or delimiter.isalnum() or delimiter in "\"'\r\n\0@.":
        raise errors.bad_delimiter(text)
    return delimiter


def name_of(delimiter: str) -> str:
    """What people call a delimiter."""
    return NAMES.get(delimiter, f"“{delimiter}”")


def sep_line(text: str) -> str | None:
    """The delimiter that a first line `sep=;` declares (Excel writes and obeys it), or None."""
    found = _SEP_LINE.match(text)
    return found[1] if found else None


def detect_delimiter(text: str, *, is_known: Callable[[str], bool]) -> str:
    """The delimiter of the text; the comma when there is only one column. `is_known` tells a header from a word."""
    scores = [(_score(text, candidate, is_known), candidate) for candidate in CANDIDATES]
    best = max(score for score, _ in scores)
    return next(candidate for score, candidate in scores if score == best)


def _score(text: str, delimiter: str, is_known: Callable[[str], bool]) -> tuple[float, int, float]:
    """Rows with a cell that is nothing but an address, then known headers, then rows as wide as the header."""
    rows = _rows(text, delimiter)
    if not rows or len(rows[0]) == 1:
        return (0.0, 0, 0.0)
    width = len(rows[0])
    consistent = sum(len(row) == width for row in rows) / len(rows)
    with_address = sum(any(map(_ADDRESS.fullmatch, row)) for row in rows[1:]) / len(rows)
    return (round(with_address, 1), sum(map(is_known, rows[0])), consistent * (1 - 1 / width))


def _rows(text: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, skipinitialspace=True)
    rows = []
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) == _SAMPLE_ROWS:
                break
    except csv.Error:  # one cell is longer than csv takes: with this delimiter or with any, the reading will tell
        return rows
    # The sample may end in the middle of a row.
    return rows[:-1] if len(rows) > 2 and not text.endswith("\n") else rows
