"""Rows as lines of COPY in its text format (https://www.postgresql.org/docs/current/sql-copy.html, File Formats).

Lines are kept as the bytes that are sent: half as much as the texts, and nothing is left to do for whoever sends them.
"""

from collections.abc import Iterable, Sequence
from itertools import batched
from typing import Any

from django.db import connection

NOTHING = b"\\N"  # the database's NULL
TRUE, FALSE = "t", "f"
_ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))
_AT_ONCE = 500  # lines that are joined before they are sent: memory stays small, calls few


def line(values: Sequence[str]) -> bytes:
    """The texts of one row; a backslash is most often all that needs an escape, as JSON has them."""
    text = "\t".join(values)
    if text.count("\t") == len(values) - 1 and "\n" not in text and "\r" not in text:
        return text.replace("\\", "\\\\").encode()
    return "\t".join([_escaped(value) for value in values]).encode()


def texts(made: bytes) -> list[str]:
    """The texts that a line was made of."""
    return [_unescaped(value) for value in made.decode().split("\t")]


def copy_lines(cursor: Any, statement: str, lines: Iterable[bytes]) -> None:
    """Run a `COPY ... FROM STDIN` with lines that are made already; errors are those of any statement of Django."""
    with connection.wrap_database_errors, cursor.copy(statement) as copy:
        for some in batched(lines, _AT_ONCE, strict=False):
            copy.write(b"\n".join((*some, b"")))


def _escaped(value: str) -> str:
    for sign, written in _ESCAPES:
        value = value.replace(sign, written)
    return value


def _unescaped(value: str) -> str:
    parts = value.split("\\\\")
    for sign, written in _ESCAPES[1:]:
        parts = [part.replace(written, sign) for part in parts]
    return "\\".join(parts)
