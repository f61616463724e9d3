"""Text that was pasted into a field, as the stream of a file: rows of a spreadsheet, or addresses one way or another.

A table goes on as it is. A list without a header (one address a line, `Ana <ana@acme.example>; Bob <…>`) becomes a
table with one, so that behind this module there are files only.
"""

import csv
import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from leads.imports import errors
from leads.imports.delimiters import detect_delimiter
from leads.imports.matching import is_known_header
from leads.imports.preambles import NumberedRow, first_rows, has_address, header_at

FILE_NAME = "Pasted text"
MAX_CHARACTERS = 2_000_000  # about 30,000 people; more is a file
_PERSON = re.compile(r"\s*(?:\"([^\"]*)\"|([^\"<>;,\r\n\t]*?))\s*<([^<>]*@[^<>]*)>\s*")
_BETWEEN = re.compile(r"[;,\r\n\t]+")


def as_file(text: str) -> BinaryIO:
    """The text as a file in UTF-8 that an import takes; its rows count from the header, which may be ours.

    Raises `empty_file` and `file_too_large`.
    """
    if not text.strip():
        raise errors.empty_file(FILE_NAME)
    if len(text) > MAX_CHARACTERS:
        raise errors.text_too_large(FILE_NAME, limit=MAX_CHARACTERS)
    return io.BytesIO(_as_table(text.strip("\r\n")).encode("utf-8", "surrogatepass"))


def _as_table(text: str) -> str:
    delimiter = detect_delimiter(text, is_known=is_known_header)
    rows = first_rows(f"{text}\n", delimiter=delimiter)
    if _has_header(rows):
        place = header_at(rows, is_known=is_known_header)
        return _list_as_table(_below(text, rows[place][0])) if _is_word_above_a_list(rows[place:]) else text
    if _is_list(rows):
        return _list_as_table(text)
    return _written([_header_for(rows), *csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)])


def _list_as_table(text: str) -> str:
    return _written([["email", "full_name"], *([address, name] for name, address in _people(text))])


def _below(text: str, row: int) -> str:
    return "".join(list(io.StringIO(text, newline=""))[row:])


def _is_word_above_a_list(rows: list[NumberedRow]) -> bool:
    """Whether one word is above addresses that stand several in a line, which are then no columns either."""
    (_, header), *others = rows
    is_one_word = len([cell for cell in header if cell.strip()]) == 1
    return is_one_word and _is_list(others) and any(sum(map(_ats, cells)) > 1 for _, cells in others)


def _ats(cell: str) -> int:
    return cell.count("@")


def _has_header(rows: list[NumberedRow]) -> bool:
    """Whether the first row, or one below a title, names the columns: it holds no address, nor a broken one."""
    above = rows[header_at(rows, is_known=is_known_header)][1]
    if any("@" in cell for cell in above):
        return False
    return len(above) > 1 or is_known_header(above[0]) or "." not in above[0]


def _is_list(rows: list[NumberedRow]) -> bool:
    """Whether every cell is a person (an address, with or without a name), so that columns mean nothing."""
    return all("@" in cell for _, cells in rows for cell in cells if cell.strip())


def _people(text: str) -> Iterator[tuple[str, str]]:
    """Name and address of each; what is neither is kept in the place of the address, to be refused by row."""
    place = 0
    while place < len(text):
        person = _PERSON.match(text, place)
        if person:
            yield (person[1] or person[2] or "").strip(), person[3].strip()
            place = person.end()
        else:
            end = _BETWEEN.search(text, place)
            piece = text[place : end.start() if end else len(text)]
            if piece.strip():
                yield "", piece.strip()
            place = end.end() if end else len(text)


def _header_for(rows: list[NumberedRow]) -> list[str]:
    """Names for the columns of a table that has none: the addresses are known by themselves, beside them are names."""
    width = max(len(cells) for _, cells in rows)
    columns = [[cells[place] for _, cells in rows if place < len(cells)] for place in range(width)]
    found = next((place for place, cells in enumerate(columns) if has_address(cells)), None)
    others = [f"column {place + 1}" if width > 2 else "full_name" for place in range(width)]
    return ["email" if place == found else name for place, name in enumerate(others)]


def _written(rows: list[list[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue()
