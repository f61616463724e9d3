"""A workbook handed to the process that opens it, and its answer taken."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple, cast

from leads.imports import errors

MEMORY = 1_536 * 2**20  # bytes of address space; 500,000 rows of twelve columns take half of it
SECONDS = 120  # of the processor; those rows take a tenth of it
_ROOT = Path(__file__).parents[3]
_STARTS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")  # zip archives; OLE: old workbooks and encrypted ones
_OUT_OF_MEMORY = (b"memory allocation of", b"capacity overflow")  # how the reader ends then
_REFUSALS = {
    refusal.__name__: refusal
    for refusal in (
        errors.archive_bomb,
        errors.binary_file,
        errors.damaged_workbook,
        errors.encrypted_file,
        errors.unknown_sheet,
    )
}


def is_workbook(head: bytes) -> bool:
    """Whether the first bytes are such as workbooks have. An archive of something else is told when it is opened."""
    return head.startswith(_STARTS)


def sheets_of(stream: BinaryIO, *, file_name: str) -> list[str]:
    """The names of the sheets of a workbook, those that are shown first; refusals as `as_csv`."""
    names: list[str] = _ask(stream, subprocess.DEVNULL, "sheets", file_name=file_name)["sheets"]
    return names


class Converted(NamedTuple):
    """A sheet as CSV in UTF-8, with commas, in a temporary file; and its name."""

    stream: BinaryIO
    sheet: str


def as_csv(stream: BinaryIO, *, file_name: str, sheet: str = "") -> Converted:
    """A sheet of a workbook as CSV; the caller closes it.

    A row keeps its number, blank ones included. Without a name it is the first sheet that is not hidden and has a
    column of addresses, since many begin with a cover; where none has, the first. A stream that can be read again is
    left at its beginning. Refusals: `encrypted_file`, `archive_bomb`, `damaged_workbook`,
    `workbook_too_large`, `unknown_sheet`, and `binary_file` for an archive of something else.
    """
    converted = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        answer = _ask(stream, converted, "rows", sheet, file_name=file_name)
    except BaseException:
        converted.close()
        raise
    converted.seek(0)
    return Converted(cast(BinaryIO, converted), answer["sheet"])


def _ask(stream: BinaryIO, out: Any, *asked: str, file_name: str) -> dict[str, Any]:
    """What the process says of the workbook, with the rows it was asked for in `out`."""
    command = [sys.executable, "-m", "leads.imports.workbooks.child", str(MEMORY), str(SECONDS), *asked]
    with _copy_of(stream) as copy:
        try:
            done = subprocess.run(  # noqa: S603 - our own module; the name of the sheet is one argument
                command, stdin=copy, stdout=out, stderr=subprocess.PIPE, cwd=_ROOT, timeout=2 * SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise _too_large(file_name) from None
    if done.returncode < 0 or any(sign in done.stderr for sign in _OUT_OF_MEMORY):
        raise _too_large(file_name)
    if done.returncode:
        raise errors.damaged_workbook(file_name, detail="Reading it broke off.")
    answer: dict[str, Any] = json.loads(done.stderr)
    if "refused" not in answer:
        return answer
    if answer["refused"] == "workbook_too_large":
        raise _too_large(file_name)
    raise _REFUSALS[answer["refused"]](file_name, **answer["facts"])


def _copy_of(stream: BinaryIO) -> IO[bytes]:
    """In a file of its own, as another process has no part in our memory."""
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    if stream.seekable():
        stream.seek(0)
    shutil.copyfileobj(stream, copy, 2**20)
    if stream.seekable():
        stream.seek(0)
    copy.seek(0)
    return copy


def _too_large(file_name: str) -> errors.FileRefused:
    return errors.workbook_too_large(file_name, megabytes=MEMORY // 2**20, seconds=SECONDS)
