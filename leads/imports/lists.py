"""A text that is a list of addresses and domains: one a line, or in a column of a table."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from leads.imports.contents import column_of_addresses
from leads.imports.delimiters import detect_delimiter
from leads.imports.matching import is_known_header, known_targets, named
from leads.imports.opt_out_reasons import is_about_being_out, reason_in
from leads.imports.preambles import first_rows, has_address, header_at
from leads.models import SuppressionReason

_BETWEEN_COLUMNS = ",;\t|"  # a colon is in every link
_NAMES_OF_HOSTS = ("company_domain", "website")
_DOMAIN = re.compile(r"\s*(?:https?://)?[^\s@.]+(?:\.[^\s@.]+)+\s*", re.IGNORECASE)

_MOST_OF = 0.5  # of the cells that are filled: others may be in words that nobody knows
_PERSON = re.compile(r"[^<>]*<[^<>@\s]+@[^<>@\s]+>")


@dataclass(frozen=True, slots=True)
class Listed:
    """What each line says, empty where it is no entry: the numbers of the lines stay. `column` is the header of the
    column it was read from, empty where none has a name.

    `reasons` has one for each line, None where the line says none that is known; it is empty where no column,
    `reason_column`, has reasons."""

    lines: list[str]
    column: str = ""
    reasons: list[SuppressionReason | None] = field(default_factory=list)
    reason_column: str = ""


def listed(text: str) -> Listed:
    """The entries of a text.

    Under a header those of the column of addresses, or else of domains. Without one, of a line of several cells the
    addresses are taken, or else the domains, or else the first: whoever gets the list says that this is neither.
    """
    lines = text.splitlines()
    delimiter = detect_delimiter(text, is_known=is_known_header)
    if delimiter not in _BETWEEN_COLUMNS:
        return Listed(without_heading(lines))
    top = _header(text, delimiter)
    # Line by line: a quote that nobody closed must not swallow those behind it.
    rows = [_cells(line, delimiter) for line in lines]
    place = _column(rows[top - 1], rows[top:]) if top else None
    if place is None:
        return Listed(without_heading([_entry(cells) for cells in rows]))
    names = named(rows[top - 1])
    cells = [_cell(row, place) if number > top else "" for number, row in enumerate(rows, start=1)]
    why = _column_of_reasons(names, rows[top:], besides=place)
    if why is None:
        return Listed(cells, names[place].strip())
    above = names[why].strip()
    reasons = [reason_in(_cell(row, why), above) if number > top else None for number, row in enumerate(rows, start=1)]
    return Listed(cells, names[place].strip(), reasons, above)


def as_text(lines: Sequence[str], reasons: Sequence[SuppressionReason | None]) -> str:
    """A text that `listed` reads so again: the lines, or a table where some have a reason."""
    if not any(reasons):
        return "\n".join(lines)
    table = io.StringIO()
    rows = [(line, reason or "") for line, reason in zip(lines, reasons, strict=True)]
    # In place of the header that was there, if there is room: the lines keep their numbers.
    header = ("Email" if any("@" in line for line in lines) else "Domain", "Reason")
    csv.writer(table, lineterminator="\n").writerows([header, *(rows if lines[0] else rows[1:])])
    return table.getvalue()


def without_heading(lines: Iterable[str]) -> list[str]:
    """The lines, the first that says something emptied where it is a word for what stands below it, such as “email”."""
    found = list(lines)
    first = next((place for place, line in enumerate(found) if line.strip()), None)
    if first is not None and _is_heading(found[first]):
        found[first] = ""
    return found


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:  # a cell longer than csv takes: no entry, and told as such
        return [line]


def _header(text: str, delimiter: str) -> int:
    """The number of the line that names the columns, 0 where none does."""
    rows = first_rows(f"{text}\n", delimiter=delimiter)
    if not rows:
        return 0
    number, cells = rows[header_at(rows, is_known=is_known_header)]
    has_data = any("@" in cell or _DOMAIN.fullmatch(cell) for cell in cells)
    is_of_columns = len(cells) > 1 and any(map(_is_heading, cells))  # one word may stand above several in a line
    return number if is_of_columns and not has_data else 0


def _is_heading(cell: str) -> bool:
    return "@" not in cell and "." not in cell and is_known_header(cell)


def _column(header: Sequence[str], rows: Sequence[Sequence[str]]) -> int | None:
    """The place of the addresses, by the name of the column or by what it holds, or else that of the domains."""
    targets = known_targets(named(header))
    by_target = {target: place for place, name in enumerate(named(header)) if (target := targets.get(name))}
    if "email" in by_target:
        return by_target["email"]
    found = column_of_addresses([[_cell(row, place) for row in rows] for place in range(len(header))])
    if found is not None:
        return found
    return next((by_target[name] for name in _NAMES_OF_HOSTS if name in by_target), None)


def _column_of_reasons(header: Sequence[str], rows: Sequence[Sequence[str]], *, besides: int) -> int | None:
    """The place of the column about being out most of whose filled cells name a reason; of several that of the most."""
    counts = {}
    for place, name in enumerate(header):
        filled = [cell for row in rows if (cell := _cell(row, place))]
        known = sum(reason_in(cell, name) is not None for cell in filled)
        if place != besides and known > _MOST_OF * len(filled) and is_about_being_out(name, filled):
            counts[place] = known
    return max(counts, key=lambda place: (counts[place], -place), default=None)


def _cell(row: Sequence[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""


def _entry(cells: Sequence[str]) -> str:
    filled = [cell.strip() for cell in cells if cell.strip()]
    whole = [cell for cell in filled if has_address([cell]) or _PERSON.fullmatch(cell)]
    addresses = whole or [cell for cell in filled if "@" in cell]
    found = addresses or [cell for cell in filled if _DOMAIN.fullmatch(cell)] or filled[:1]
    return "; ".join(found)
