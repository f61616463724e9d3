"""What a zip archive says of itself, judged by its directory before anything is unpacked.

A bomb of 42 KB can unpack to petabytes. Its directory gives it away; where the directory lies, the limits of the
process that unpacks it hold.
"""

import struct
import zipfile
from typing import BinaryIO

from leads.imports.workbooks.refusing import NoWorkbook

MAX_ENTRIES = 5_000  # a workbook has some dozens: one a sheet, and pictures
MAX_UNPACKED = 512 * 2**20  # bytes; a row of twelve columns has about 500
MAX_RATIO = 200  # unpacked to packed; tables of one repeated row reach about 100
_SMALL = 16 * 2**20  # bytes unpacked, below which no ratio does harm
_DIRECTORY_MAX = 4 * 2**20
_END = struct.Struct("<4s4H2LH")  # APPNOTE.TXT 6.3.10, section 4.3.16
_TAIL = 65_535 + _END.size
_KINDS = (  # how an entry is called in what is no workbook: what it is, and what to do
    ("word/", "a Word document", "Copy the table into a spreadsheet and save that."),
    ("ppt/", "a PowerPoint presentation", "Copy the table into a spreadsheet and save that."),
    ("Index/Document.iwa", "an Apple Numbers document", "In Numbers choose File, Export To, Excel or CSV."),
    ("Index.zip", "an Apple Numbers document", "In Numbers choose File, Export To, Excel or CSV."),
    ("META-INF/MANIFEST.MF", "a Java archive", "Choose the workbook or CSV file itself."),
)
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument."


def refuse_unless_workbook(stream: BinaryIO) -> None:
    """Raise NoWorkbook for a zip archive that is a bomb, is damaged, or holds something else than a workbook."""
    _refuse_huge_directory(stream)
    try:
        with zipfile.ZipFile(stream) as archive:
            entries = archive.infolist()
            mime_type = archive.read("mimetype")[:200] if "mimetype" in archive.namelist() else b""
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, OSError) as error:
        raise NoWorkbook("damaged_workbook", detail=f"Its archive cannot be read ({error}).") from None
    _refuse_bomb(entries)
    _refuse_other_kinds([entry.filename for entry in entries], mime_type)


def _refuse_huge_directory(stream: BinaryIO) -> None:
    """Before the directory itself is read: each of its entries takes many times its size in memory."""
    size = stream.seek(0, 2)
    stream.seek(max(0, size - _TAIL))
    tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise NoWorkbook("damaged_workbook", detail="Its end is missing: it was not copied or downloaded completely.")
    entries, directory = _END.unpack_from(tail, at)[4:6]
    if entries > MAX_ENTRIES or directory > _DIRECTORY_MAX:
        raise NoWorkbook("archive_bomb", detail=f"it has {entries:,} files inside; {MAX_ENTRIES:,} is the limit")


def _refuse_bomb(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_ENTRIES:
        raise NoWorkbook("archive_bomb", detail=f"it has {len(entries):,} files inside; {MAX_ENTRIES:,} is the limit")
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if unpacked > MAX_UNPACKED:
        limit = MAX_UNPACKED // 2**20
        raise NoWorkbook("archive_bomb", detail=f"it unpacks to {unpacked // 2**20:,} MB; {limit:,} MB is the limit")
    if unpacked > _SMALL and unpacked > packed * MAX_RATIO:
        times = unpacked // max(packed, 1)
        raise NoWorkbook("archive_bomb", detail=f"it unpacks to {times:,} times its size; {MAX_RATIO} is the limit")


def _refuse_other_kinds(names: list[str], mime_type: bytes) -> None:
    if any(name.startswith("xl/") for name in names) or mime_type.startswith(_OPEN_DOCUMENT + b"spreadsheet"):
        return
    for start, kind, hint in _KINDS:
        if any(name.startswith(start) for name in names):
            raise NoWorkbook("binary_file", kind=kind, hint=hint)
    if mime_type.startswith(_OPEN_DOCUMENT):
        raise NoWorkbook("binary_file", kind="an OpenDocument file without a table", hint="Save the table as CSV.")
    inside = f"“{names[0][:60]}”" if len(names) == 1 else f"{len(names):,} files"
    kind = f"a zip archive ({inside} inside)"
    raise NoWorkbook("binary_file", kind=kind, hint="Unpack it first and choose the file inside.")
