"""What is done to a cell before it is judged, by one stated rule.

Taken off: blanks around it, an apostrophe that disarms a formula, and the ="" that keeps a text from being a number.
Made one space: tabs, line breaks and the blanks of typography (in free fields line breaks stay). Dropped: invisible
characters that only mark direction or width. Composed: Unicode NFC. What then is still a control character is refused:
it belongs into no name, and into no header of a mail.
"""

import re
import unicodedata
from collections.abc import Sequence

from campaigns_project.formulas import unguard

# No-break and typographic blanks, tabs and line breaks of every kind.
_BLANKS = re.compile("[\t\n\x0b\x0c\r\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
_BLANKS_IN_LINES = re.compile("[\t\x0b\x0c\x85\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_LINE_BREAK = re.compile("\r\n|[\r\u2028\u2029]")
# Zero width space, word joiner, soft hyphen, byte order mark, direction marks and overrides. The joiners U+200C and
# U+200D stay: Persian and the languages of India spell with them.
_INVISIBLE = re.compile("[\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_DAMAGED = re.compile("[\ud800-\udfff\ufffd]")
_KEPT_AS_TEXT = re.compile(r'\s*="(.*)"\s*\Z', re.DOTALL)  # ="00420", so that Excel does not calculate with it
# What export tools write where there is nothing. “None” and “Null” are people's names and stay.
_NOTHING = frozenset({"N/A", "n/a", "-", "--", "—", "{}", "[]"})
UNCALCULATED = "#UNCALCULATED!"  # a formula of a workbook that no program ever worked out; no spreadsheet writes this
# What spreadsheets show instead of a value, as Excel and Calc write it into a CSV in the languages of Europe.
_ERRORS = frozenset(
    """
    #N/A #REF! #VALUE! #NAME? #DIV/0! #NUM! #NULL! #SPILL! #CALC! #FIELD! #BLOCKED! #CONNECT! #BUSY! #UNKNOWN!
    #GETTING_DATA #NV #BEZUG! #WERT! #ZAHL! #VALEUR! #NOM? #NOMBRE! #N/D #¡REF! #¡VALOR! #¿NOMBRE? #¡DIV/0! #¡NUM!
    #RIF! #VALORE! #NOME? #VALOR! #NUL! #VERW! #WAARDE! #NAAM? #GETAL! #ARG! #ADR! #NAZWA? #LICZBA! #HODNOTA! #ODKAZ!
    #NÁZEV? #REFERENS! #VÄRDEFEL! #NAMN? #SAKNAS! Err:502 Err:504 Err:508 Err:509 Err:511 Err:522 Err:523
    """.split()  # noqa: SIM905 - one a line is longer to read
) | {UNCALCULATED}

_SPECIAL = _NOTHING | _ERRORS


def clean_plain(cells: Sequence[str]) -> list[str] | None:
    """What `clean_line` and `clean_lines` make of cells that need no more than their blanks taken off; else None.

    Asked once for a row, it saves looking at each cell closely.
    """
    text = " ".join(cells)
    if not text.isprintable() or '="' in text or ("'" in text and (text.startswith("'") or " '" in text)):
        return None
    if not text.isascii() and ("\N{REPLACEMENT CHARACTER}" in text or not unicodedata.is_normalized("NFC", text)):
        return None
    texts = [cell.strip() for cell in cells]
    return texts if _SPECIAL.isdisjoint(texts) else None


def clean_line(cell: str) -> str:
    """A cell of one line: for every field of a lead."""
    cell = _as_meant(cell)
    if not (cell.isascii() and cell.isprintable()):
        cell = unicodedata.normalize("NFC", _INVISIBLE.sub("", _BLANKS.sub(" ", cell)))
    cell = cell.strip()
    return "" if cell in _NOTHING else cell


def clean_lines(cell: str) -> str:
    """A cell that may have several lines: for free fields."""
    cell = _as_meant(_LINE_BREAK.sub("\n", cell))
    cell = unicodedata.normalize("NFC", _INVISIBLE.sub("", _BLANKS_IN_LINES.sub(" ", cell))).strip()
    return "" if cell in _NOTHING else cell


def _as_meant(cell: str) -> str:
    """The value behind a cell that was written for a spreadsheet: as a text in a formula, or disarmed."""
    if '="' in cell and (found := _KEPT_AS_TEXT.match(cell)):
        return found[1].replace('""', '"')
    return unguard(cell.strip()) if "'" in cell else cell


def storable(text: str) -> str:
    """The text with what neither Postgres nor UTF-8 takes (NUL, half a character) shown as what it is: lost."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def is_error(text: str) -> bool:
    """Whether a cleaned text is what a spreadsheet shows where there is no value, such as #REF!."""
    return text[:1] in ("#", "E") and text in _ERRORS


def has_control(text: str) -> bool:
    """Whether a cleaned text still holds a control character other than the line break."""
    return not text.isprintable() and _CONTROL.search(text) is not None


def is_damaged(text: str) -> bool:
    """Whether the text holds bytes that its encoding does not know, or a sign that someone else lost some."""
    return not text.isascii() and _DAMAGED.search(text) is not None
