"""Files that are no text at all, known by their first bytes. Workbooks are told by `workbooks`."""

import codecs
import re
from typing import BinaryIO

from leads.imports import errors

HEAD_SIZE = 4096  # enough for every signature, and for a fair count of control bytes
_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x05\x06", "an empty zip archive", "Choose the CSV file itself."),
    (b"\x1f\x8b", "a gzip archive", "Unpack it first (gunzip) and choose the CSV file inside."),
    (b"BZh", "a bzip2 archive", "Unpack it first (bunzip2) and choose the CSV file inside."),
    (b"\xfd7zXZ\x00", "an xz archive", "Unpack it first (unxz) and choose the CSV file inside."),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "Unpack it first (unzstd) and choose the CSV file inside."),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "Unpack it first and choose the CSV file inside."),
    (b"Rar!\x1a\x07", "a RAR archive", "Unpack it first and choose the CSV file inside."),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture", "Choose a CSV file or a workbook (.xlsx)."),
    (b"\xff\xd8\xff", "a JPEG picture", "Choose a CSV file or a workbook (.xlsx)."),
    (b"GIF8", "a GIF picture", "Choose a CSV file or a workbook (.xlsx)."),
    (b"%PDF-", "a PDF document", "Export the table as CSV where the PDF was made."),
    (b"SQLite format 3\x00", "an SQLite database", "Export the table as CSV."),
    (b"PAR1", "a Parquet file", "Export the table as CSV."),
    (b"\x7fELF", "a program", "Choose a CSV file or a workbook (.xlsx)."),
    (b"BEGIN:VCARD", "a vCard file", "Export the contacts as CSV."),
    (b"BEGIN:VCALENDAR", "a calendar", "Choose a CSV file or a workbook (.xlsx)."),
    (b"{\\rtf", "a rich-text document", "Save the table as CSV."),
)
_TEXT_CONTROLS = b"\t\n\r\x0c\x1a"
_CONTROLS = bytes(byte for byte in range(32) if byte not in _TEXT_CONTROLS)
_MAX_CONTROL_SHARE = 0.05  # a stray NUL in a cell is a problem of that row; one byte in twenty is no text
_MARKUP = (b"<!doctype html", b"<html", b"<?xml", b"<table", b"<head", b"<meta", b"<style")
_JSON = re.compile(rb'[\[{]\s*(?:[\[{]\s*)*"[^"\n]{1,100}"\s*:')  # the first key; a CSV may begin with a bracket
_MARKUP_HINT = (
    "Many systems write web pages under the name .xls: open it in a spreadsheet and save it as .xlsx or CSV (UTF-8)."
)


def refuse_if_not_text(head: bytes, *, file_name: str) -> None:
    """Raise `binary_file` when the first bytes of a file show that it is no table of text."""
    for signature, kind, hint in _SIGNATURES:
        if head.startswith(signature):
            raise errors.binary_file(file_name, kind, hint)
    if head.removeprefix(codecs.BOM_UTF8).lstrip().lower().startswith(_MARKUP):
        raise errors.binary_file(file_name, "a web page or XML", _MARKUP_HINT)
    if _JSON.match(head.removeprefix(codecs.BOM_UTF8).lstrip()):
        raise errors.binary_file(file_name, "JSON", "Export the table as CSV, or send the rows to the API as `rows`.")


def refuse_if_mostly_controls(head: bytes, *, file_name: str) -> None:
    """Raise `binary_file` when a file in a single-byte or UTF-8 encoding is full of control bytes."""
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls > len(head) * _MAX_CONTROL_SHARE:
        raise errors.binary_file(
            file_name, "binary data", "Choose a CSV file (plain text with one lead per line) or a workbook (.xlsx)."
        )


def head_of(stream: BinaryIO) -> bytes:
    """The first bytes of a seekable stream, which is left at its beginning."""
    stream.seek(0)
    head = stream.read(HEAD_SIZE)
    stream.seek(0)
    return head
