"""Values as a line of COPY in its text format (https://www.postgresql.org/docs/current/sql-copy.html, File Formats)."""

from collections.abc import Iterable, Sequence
from itertools import batched
from typing import Any

NOTHING = "\\N"  # the database's NULL
TRUE, FALSE = "t", "f"
_AT_ONCE = 500  # lines that are joined before they are sent: memory stays small, calls few


def line(values: Sequence[str]) -> str:
    """The texts of one row; a backslash is most often all that needs an escape, as JSON has them."""
    text = "\t".join(values)
    if text.count("\t") == len(values) - 1 and "\n" not in text and "\r" not in text:
        return text.replace("\\", "\\\\")
    return "\t".join([_escaped(value) for value in values])


def _escaped(value: str) -> str:
    text = value.replace("\\", "\\\\").replace("\t", "\\t")
    return text.replace("\n", "\\n").replace("\r", "\\r")


def copy_lines(cursor: Any, statement: str, lines: Iterable[str]) -> None:
    """Run a `COPY ... FROM STDIN` with lines that are made already."""
    with cursor.copy(statement) as copy:
        for some in batched(lines, _AT_ONCE, strict=False):
            copy.write("\n".join((*some, "")))
