"""How cells are quoted: “Acme, Inc.” in double quotes, or in single ones; a quote in a cell doubled, or behind a \\."""

import re
from dataclasses import dataclass
from typing import Any

from leads.imports.preambles import NumberedRow, first_rows

DOUBLE, SINGLE, BACKSLASH = '"', "'", "\\"


@dataclass(frozen=True, slots=True)
class Quoting:
    """The sign around cells, and the one before a sign that is meant as it stands; empty where a doubled one is."""

    quote: str = DOUBLE
    escape: str = ""


def detect_quoting(text: str, *, delimiter: str) -> Quoting:
    """The quoting of the text; doubled double quotes unless there is evidence for another."""
    quote = SINGLE if _is_single(text, delimiter) else DOUBLE
    return Quoting(quote, BACKSLASH if _is_escaped(text, delimiter, quote) else "")


def _is_single(text: str, delimiter: str) -> bool:
    """Every cell of the first line, or of most lines one, is in single quotes, and none in double ones."""
    edge = re.escape(delimiter)
    if re.search(rf'(?:^|{edge}) *"', text, re.MULTILINE):
        return False
    quoted = re.compile(rf"(?:^|(?<={edge})) *'(?:[^'\r\n]|'')*' *(?={edge}|\r|$)", re.MULTILINE)
    first, _, _ = text.lstrip().partition("\n")
    lines = text.count("\n") + 1
    return len(quoted.findall(first)) == first.count(delimiter) + 1 or len(quoted.findall(text)) > lines / 2 >= 1


def _is_escaped(text: str, delimiter: str, quote: str) -> bool:
    r"""Some \" or \, stands where an escape makes sense of it, and reading it so makes the rows more even.

    Where it makes them just as even, a file whose every quote is right without an escape has none.
    """
    edge = re.escape(delimiter)
    end = rf" *(?:{edge}|\r|\n|\Z)"
    # A doubled quote behind a backslash is text of the usual kind, but for the last one of a cell.
    inside = re.search(rf"\\{quote}(?!{quote})(?!{end})|\\{quote}{quote}(?={end})", text)
    between = re.search(rf"\\{edge}", text)
    if not inside and not between:
        return False
    plain, escaped = (_evenness(text, delimiter, quote, escape) for escape in ("", BACKSLASH))
    return escaped > plain or (inside is not None and escaped == plain and not _is_regular(text, delimiter, quote))


def _is_regular(text: str, delimiter: str, quote: str) -> bool:
    """Whether each quote that closes a cell, read without escapes, stands at the end of that cell."""
    options = csv_options(delimiter, quote, "")
    return first_rows(text, strict=True, **options) == first_rows(text, **options)


def _evenness(text: str, delimiter: str, quote: str, escape: str) -> float:
    """The share of rows as wide as most are."""
    rows = first_rows(text, **csv_options(delimiter, quote, escape))
    widths = [len(cells) for _, cells in rows]
    return max(map(widths.count, set(widths)), default=0) / max(len(widths), 1)


def csv_options(delimiter: str, quote: str, escape: str) -> dict[str, Any]:
    """What csv.reader takes for it."""
    return {"delimiter": delimiter, "quotechar": quote, "escapechar": escape or None, "doublequote": True}


def long_delimiter(rows: list[NumberedRow], *, delimiter: str) -> str:
    """The several characters between the columns, where every second cell of all rows is the rest of them; else empty.

    `a||b` read with | has an empty cell between two others, `a|~|b` one with a tilde. With a comma, semicolon or tab an
    empty cell is a column that somebody left blank.
    """
    wide = [cells for _, cells in rows if len(cells) > 1]
    between = {cell.strip() for cells in wide for cell in cells[1::2]}
    if len(wide) < 2 or len(between) != 1 or any(len(cells) % 2 == 0 for cells in wide):
        return ""
    (rest,) = between
    is_blank_column = not rest and delimiter in ",;\t"
    return "" if is_blank_column or any(c.isalnum() for c in rest) else f"{delimiter}{rest}{delimiter}"
