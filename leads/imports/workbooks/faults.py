"""Cells of an XLSX sheet that have no value: errors (#REF!), and formulas that nobody ever calculated.

python-calamine gives both as empty. Were they taken for empty, a list whose addresses come from a formula would lose
them without a word; so their places are looked up in the XML of the sheet, a piece of it at a time.
"""

import re
import zipfile
from collections.abc import Iterator
from posixpath import join, normpath
from typing import IO, BinaryIO
from xml.etree import ElementTree

from leads.cleaning import UNCALCULATED

_BLOCK = 2**20
_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*[^/>])>(.*?)</(?:\w+:)?c>", re.DOTALL)
_PLACE = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_TYPE = re.compile(rb'\bt="(\w+)"')
_VALUE = re.compile(rb"<(?:\w+:)?v[^>/]*>([^<]+)<")
_TELLING = re.compile(rb'\bt="e"|<(?:\w+:)?f[\s>/]')
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_LINKS = (
    "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id",
    "{http://purl.oclc.org/ooxml/officeDocument/relationships}id",
)

Place = tuple[int, int]


def faults_of(stream: BinaryIO, sheet: str) -> dict[Place, str]:
    """Row and column (from 1) of each cell without a value, with what to show there; nothing for other formats."""
    stream.seek(0)
    if stream.read(4) != b"PK\x03\x04":
        return {}
    with zipfile.ZipFile(stream) as archive:
        part = _part_of(archive, sheet)
        if part not in archive.namelist():
            return {}
        with archive.open(part) as xml:
            return dict(_faults(xml))


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str:
    """The name of the sheet's XML inside the archive; empty where the workbook is of another format."""
    if "xl/workbook.xml" not in archive.namelist():
        return ""
    workbook = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 -- expat bounds entities
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    for element in [*workbook.iter(f"{_MAIN}sheet"), *workbook.iter(f"{_STRICT}sheet")]:
        if element.get("name") == sheet:
            target = targets.get(next((element.get(name) for name in _LINKS if element.get(name)), None), "")
            return target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))
    return ""


def _faults(xml: IO[bytes]) -> Iterator[tuple[Place, str]]:
    for piece in _pieces(xml):
        if _TELLING.search(piece):
            for cell in _CELL.finditer(piece):
                if _TELLING.search(cell[0]) and (fault := _fault(cell[1], cell[2])) is not None:
                    yield fault


def _fault(attributes: bytes, content: bytes) -> tuple[Place, str] | None:
    place, kind, value = _PLACE.search(attributes), _TYPE.search(attributes), _VALUE.search(content)
    if place is None or (value is not None and (kind is None or kind[1] != b"e")):
        return None
    if kind is not None and kind[1] == b"str":  # a formula whose result is the empty text
        return None
    shown = value[1].decode("utf-8", "replace") if value else UNCALCULATED
    return (int(place[2]), _column(place[1])), shown


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _pieces(xml: IO[bytes]) -> Iterator[bytes]:
    """The XML cut behind the ends of rows, so that no cell is torn."""
    rest = b""
    while block := xml.read(_BLOCK):
        whole, end, tail = (rest + block).rpartition(b"row>")
        if end:
            yield whole
            rest = tail
        else:
            rest = tail
    yield rest
