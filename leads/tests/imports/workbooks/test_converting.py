import datetime
import io
import os
import resource
import struct
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from campaigns_project.errors import Refused
from leads.imports.layouts import detect_layout
from leads.imports.reading import Table
from leads.imports.workbooks import converting
from leads.imports.workbooks.converting import sheets_of
from leads.tests.imports.workbooks.making import archive, changed, error, workbook

HEADER = ["Email", "Name"]
ANA = ["ana@acme.example", "Ana"]
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHEET = "xl/worksheets/sheet1.xml"


def read(content: bytes, **asked: Any) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header and rows of a workbook, as an import reads them."""
    stream = io.BytesIO(content)
    table = Table(stream, layout=detect_layout(stream, file_name="people.xlsx", **asked), file_name="people.xlsx")
    rows = [tuple(row) for row in table]
    table.close()
    return table.header, rows


def refusal(content: bytes, **asked: Any) -> Refused:
    with pytest.raises(Refused) as refused:
        read(content, **asked)
    return refused.value


def test_rows_have_the_numbers_that_people_see():
    content = workbook([HEADER, ANA, [], ["bob@acme.example", "Bob"]])

    assert read(content) == (HEADER, [(2, ANA), (4, ["bob@acme.example", "Bob"])])


def test_the_file_may_be_read_again_and_is_called_a_workbook():
    stream = io.BytesIO(workbook([HEADER, ANA]))

    layout = detect_layout(stream, file_name="people.csv")

    assert (layout.is_workbook, layout.sheet, stream.tell()) == (True, "Leads", 0)
    assert layout.kept(layout.encoding, layout.delimiter, layout.options) == layout


def test_blank_rows_and_columns_before_the_table_are_no_part_of_it():
    def move(book: Workbook, sheet: Worksheet) -> None:
        sheet["C1"] = "Leads of the fair"
        for row, cells in enumerate([HEADER, ANA], start=4):
            for column, value in enumerate(cells, start=3):
                sheet.cell(row, column, value)

    assert read(workbook(finish=move)) == (HEADER, [(5, ANA)])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Škoda, a.s.", "Škoda, a.s."),
        ('two\nlines "quoted"', 'two\nlines "quoted"'),
        ("  blank ", "  blank "),
        ("=not a formula", ""),
        (420123456789, "420123456789"),
        (1.0e10, "10000000000"),
        (1.5, "1.5"),
        (0.1 + 0.2, "0.3"),
        (-3.0, "-3"),
        (1e-7, "0.0000001"),
        (True, "TRUE"),
        (datetime.date(2026, 11, 20), "2026-11-20"),
        (datetime.datetime(2026, 11, 20, 12, 30), "2026-11-20 12:30:00"),  # noqa: DTZ001 - a sheet knows no zones
        (datetime.time(7, 5), "07:05:00"),
        (datetime.timedelta(hours=30), "30:00:00"),
    ],
)
def test_a_cell_is_what_a_person_would_have_typed(value: Any, expected: str):
    def put(book: Workbook, sheet: Worksheet) -> None:
        sheet["B2"] = value
        if isinstance(value, str):
            sheet["B2"].data_type = "s"

    _, rows = read(workbook([HEADER, ANA], finish=put))

    assert rows == [(2, ["ana@acme.example", expected or value])]


def test_a_formula_counts_by_the_value_it_had_when_the_file_was_saved():
    content = changed(
        workbook([HEADER, ["=A1", "Ana"]]),
        SHEET,
        lambda xml: xml.replace(b"<f>A1</f><v></v>", b"<f>A1</f><v>7</v>"),
    )

    assert read(content)[1] == [(2, ["7", "Ana"])]


def test_cells_without_a_value_show_why_instead_of_being_empty():
    def break_cells(book: Workbook, sheet: Worksheet) -> None:
        sheet["A3"] = '=B3&"@acme.example"'
        error(sheet, "B2", "#REF!")
        error(sheet, "B4", "#N/A")
        error(sheet, "A6", "#DIV/0!")

    _, rows = read(workbook([HEADER, ANA, ["", "Bob"], ["carl@acme.example", ""]], finish=break_cells))

    assert rows == [
        (2, ["ana@acme.example", "#REF!"]),
        (3, ["#UNCALCULATED!", "Bob"]),
        (4, ["carl@acme.example", "#N/A"]),
        (6, ["#DIV/0!", ""]),
    ]


def test_a_formula_whose_result_is_the_empty_text_is_empty():
    content = changed(
        workbook([HEADER, ["ana@acme.example", "=A9"]]),
        SHEET,
        lambda xml: xml.replace(b'<c r="B2"><f>', b'<c r="B2" t="str"><f>'),
    )

    assert read(content)[1] == [(2, ["ana@acme.example", ""])]


def test_of_merged_cells_the_first_has_the_value_and_hidden_rows_count():
    def finish(book: Workbook, sheet: Worksheet) -> None:
        sheet.merge_cells("B2:B3")
        sheet.row_dimensions[3].hidden = True

    content = workbook([HEADER, ANA, ["bob@acme.example"]], finish=finish)

    assert read(content)[1] == [(2, ANA), (3, ["bob@acme.example", ""])]


def two_sheets() -> bytes:
    def finish(book: Workbook, sheet: Worksheet) -> None:
        sheet.sheet_state = "hidden"
        other = book.create_sheet("Other; sheet")
        other.append(["E-mail"])
        other.append(["bob@acme.example"])
        book.create_sheet("Nothing")
        book.active = 1

    return workbook([HEADER, ANA], finish=finish)


def test_the_first_sheet_that_is_shown_is_read_unless_one_is_named():
    content = two_sheets()

    assert read(content) == (["E-mail"], [(2, ["bob@acme.example"])])
    assert read(content, sheet="Leads") == (HEADER, [(2, ANA)])
    assert sheets_of(io.BytesIO(content), file_name="people.xlsx") == ["Other; sheet", "Nothing", "Leads"]


@pytest.mark.parametrize(
    "cover",
    [
        [],
        [["Leads of the fair"], ["Prepared on", "2026-11-20"]],
        [["Customer", "Harbor"], ["Contact", "info@harbor.example"], ["Rows", 2], ["Day", "2026-11-20"]],
        [["E-mail", "Name"]],
    ],
)
def test_a_cover_is_passed_over_for_the_first_sheet_with_addresses(cover: list[list[str]]):
    def finish(book: Workbook, sheet: Worksheet) -> None:
        for name, address in (("People", "ana@acme.example"), ("More", "bob@acme.example")):
            further = book.create_sheet(name)
            further.append(["All of them"])
            further.append(["E-mail", "Note"])
            further.append([address, "asked ivo@acme.example"])
            further.append(["broken", ""])
            further.append([f"2.{address}", ""])

    stream = io.BytesIO(workbook(cover, finish=finish))

    layout = detect_layout(stream, file_name="people.xlsx")

    assert (layout.sheet, layout.header_row) == ("People", 2)


def test_where_no_sheet_shown_has_addresses_the_first_is_read():
    def finish(book: Workbook, sheet: Worksheet) -> None:
        hidden = book.create_sheet("Hidden")
        hidden.append(["E-mail"])
        hidden.append(["ana@acme.example"])
        hidden.sheet_state = "hidden"

    assert read(workbook([["Name"], ["Ana"]], finish=finish)) == (["Name"], [(2, ["Ana"])])


def test_a_sheet_of_addresses_alone_needs_no_header():
    assert read(workbook([["ana@acme.example"], ["bob@acme.example"]])) == (
        ["email"],
        [(1, ["ana@acme.example"]), (2, ["bob@acme.example"])],
    )


def test_a_sheet_that_is_not_there_is_refused_with_those_that_are():
    refused = refusal(two_sheets(), sheet="leads")

    assert refused.code == "unknown_sheet"
    assert refused.message == "people.xlsx has no sheet “leads”; it has “Other; sheet”, “Nothing”, “Leads”."


def test_an_empty_sheet_is_refused_by_its_name():
    refused = refusal(two_sheets(), sheet="Nothing")

    assert (refused.code, refused.message) == ("empty_sheet", "Sheet “Nothing” of people.xlsx is empty.")


def ole(*names: str) -> bytes:
    """The beginning of an OLE file and a directory with the names of its streams (MS-CFB 2.2 and 2.6)."""
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHH", 0x3E, 3, 0xFFFE)
    return header.ljust(512, b"\0") + b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in names)


def test_a_workbook_behind_a_password_is_refused_as_such():
    refused = refusal(ole("Root Entry", "EncryptionInfo", "EncryptedPackage"))

    assert (refused.code, refused.message) == ("encrypted_file", "people.xlsx is protected by a password.")


def bomb_of_zeros() -> bytes:
    return archive({"xl/workbook.xml": b"", "xl/worksheets/sheet1.xml": b"0" * 40_000_000})


def bomb_by_directory() -> bytes:
    """Forty bytes whose directory says they are four gigabytes: what an honest bomb says of itself."""
    content = bytearray(archive({"xl/workbook.xml": b"0" * 40}))
    at = content.rfind(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<L", 2**32 - 2)
    return bytes(content)


def bomb_of_files() -> bytes:
    return archive({f"xl/{n}": b"" for n in range(5_001)})


@pytest.mark.parametrize(
    ("made", "detail"),
    [
        (bomb_of_zeros, "it unpacks to 1,0"),
        (bomb_by_directory, "it unpacks to 4,095 MB; 512 MB is the limit"),
        (bomb_of_files, "it has 5,001 files inside; 5,000 is the limit"),
    ],
)
def test_a_bomb_is_refused_with_figures_before_it_is_unpacked(made: Callable[[], bytes], detail: str):
    refused = refusal(made())

    assert refused.code == "archive_bomb"
    assert detail in refused.message


def far_cell() -> bytes:
    """Two cells, one at each end of the sheet: seventeen thousand million in between."""
    return workbook([["Email"]], finish=lambda book, sheet: sheet.__setitem__("XFD1048576", "x"))


def repeated_text() -> bytes:
    """One text of 32,000 letters that 200,000 cells share: 6.4 GB once every cell has its own."""
    rows = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (n, n) for n in range(1, 200_001))
    strings = f'<sst xmlns="{MAIN}"><si><t>{"x" * 32_000}</t></si></sst>'.encode()
    content = changed(
        workbook([["x"]]), SHEET, lambda xml: xml[: xml.index(b"<row")] + rows + xml[xml.index(b"</sheetData>") :]
    )
    return changed(content, "xl/sharedStrings.xml", lambda _: strings)


@pytest.mark.parametrize(("made", "limit"), [(far_cell, "1,536"), (repeated_text, "256")])
def test_what_only_grows_in_memory_ends_with_the_process_that_opened_it(
    made: Callable[[], bytes], limit: str, monkeypatch: pytest.MonkeyPatch
):
    content = made()
    if limit != f"{converting.MEMORY // 2**20:,}":  # it grows slowly: a smaller limit is sooner met
        monkeypatch.setattr(converting, "MEMORY", int(limit) * 2**20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    refused = refusal(content)

    assert refused.code == "workbook_too_large"
    assert refused.message == f"people.xlsx takes more than {limit} MB of memory or 120 seconds to open."
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"word/document.xml": b""}, "a Word document"),
        ({"ppt/presentation.xml": b""}, "a PowerPoint presentation"),
        ({"Index/Document.iwa": b""}, "an Apple Numbers document"),
        ({"people.csv": b"Email\n"}, "a zip archive (“people.csv” inside)"),
        ({"a.csv": b"", "b.csv": b""}, "a zip archive (2 files inside)"),
        ({"mimetype": b"application/vnd.oasis.opendocument.text"}, "an OpenDocument file without a table"),
    ],
)
def test_an_archive_of_something_else_is_named(parts: dict[str, bytes], sentence: str):
    refused = refusal(archive(parts))

    assert refused.code == "binary_file"
    assert refused.message == f"people.xlsx is neither a CSV file nor a workbook: it looks like {sentence}."


@pytest.mark.parametrize(
    "content",
    [
        workbook([HEADER, ANA])[:-40],
        workbook([HEADER, ANA])[:3_000],
        changed(workbook([HEADER, ANA]), "xl/workbook.xml", lambda xml: b"<workbook"),
        changed(workbook([HEADER, ANA]), SHEET, lambda xml: xml[: len(xml) // 2]),
        archive({"xl/nothing": b""}),
        ole("Workbook"),
        b"PK\x03\x04" + os.urandom(2_000),
    ],
)
def test_a_damaged_workbook_is_refused(content: bytes):
    assert refusal(content).code == "damaged_workbook"


def test_a_large_workbook_takes_no_memory_of_ours():
    content = workbook([HEADER, *([f"p{n}@acme.example", "Ana María López"] for n in range(20_000))])
    stream = io.BytesIO(content)
    tracemalloc.start()

    table = Table(stream, layout=detect_layout(stream, file_name="people.xlsx"), file_name="people.xlsx")
    count = sum(1 for _ in table)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 4_000_000
