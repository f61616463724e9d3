"""Which character separates the columns, from the first lines.

Each candidate splits the lines, quotes honored. The right one cuts out addresses and known headers, and gives every row
as many cells as the header; a wrong one (the comma inside “Acme, Inc.”) does so on some lines only.
"""

import re
from collections.abc import Callable

from leads.imports import errors
from leads.imports.preambles import first_rows, has_address, header_at

CANDIDATES = (",", ";", "\t", "|", "^", "~", ":")  # in the order in which they win when all else is equal
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", ":": "colon", " ": "space"}
_BY_NAME = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "colon": ":", "space": " "}
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
    rows = first_rows(text, delimiter=delimiter)
    rows = rows[header_at(rows, is_known=is_known) :]
    if not rows or len(rows[0][1]) == 1:
        return (0.0, 0, 0.0)
    (_, header), *others = rows
    consistent = (1 + sum(len(cells) == len(header) for _, cells in others)) / len(rows)
    with_address = sum(has_address(cells) for _, cells in others) / len(rows)
    return (round(with_address, 1), sum(map(is_known, header)), consistent * (1 - 1 / len(header)))
