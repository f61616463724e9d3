import csv
import io
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns_project.errors import Refused
from leads.imports.layouts import Layout, detect_layout
from leads.imports.reading import MAX_FIELD, Table

COMMA = Layout("utf-8", ",")


def table(text: str, layout: Layout = COMMA) -> Table:
    return Table(io.BytesIO(text.encode(layout.encoding)), layout=layout, file_name="people.csv")


def rows(text: str, layout: Layout = COMMA) -> list[tuple[int, list[str]]]:
    return [tuple(row) for row in table(text, layout)]


def code_of(stream: io.BufferedIOBase, layout: Layout | None = None) -> tuple[str, str]:
    """The code and message with which a file is refused, wherever in the reading that happens."""
    with pytest.raises(Refused) as refused:
        found = layout or detect_layout(stream, file_name="people.csv")
        list(Table(stream, layout=found, file_name="people.csv"))
    return refused.value.code, refused.value.message


def test_rows_are_numbered_as_a_spreadsheet_numbers_them():
    text = 'email,note\n\nana@acme.example,"two\nlines"\n,\nbob@acme.example,x\n'

    assert rows(text) == [(3, ["ana@acme.example", "two\nlines"]), (5, ["bob@acme.example", "x"])]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_ending_ends_a_line(end: str):
    assert rows(f"email,name{end}a@x.example,A{end}b@x.example,B") == [
        (2, ["a@x.example", "A"]),
        (3, ["b@x.example", "B"]),
    ]


def test_line_separators_of_unicode_are_text():
    assert rows("email,name\na@x.example,A\u2028B\x85C\n") == [(2, ["a@x.example", "A\u2028B\x85C"])]


def test_header_is_trimmed_and_loses_the_empty_cells_at_its_end():
    assert table("\ufeff Email ,Name,,\na@x.example,A,,\n").header == ["Email", "Name"]


def test_line_that_declares_the_delimiter_is_neither_header_nor_row():
    content = io.BytesIO(b"sep=;\nemail;name\na@x.example;A\n")

    layout = detect_layout(content, file_name="people.csv")
    read = Table(content, layout=layout, file_name="people.csv")

    assert (layout, read.header, [row.cells for row in read]) == (
        Layout("utf-8", ";", 1),
        ["email", "name"],
        [["a@x.example", "A"]],
    )


def test_quotation_marks_inside_a_cell_are_forgiven():
    assert rows('email,size\na@x.example,5" pipe\nb@x.example,"Acme" Ltd\n') == [
        (2, ["a@x.example", '5" pipe']),
        (3, ["b@x.example", "Acme Ltd"]),
    ]


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8), min_size=2)
        .map(lambda cells: [*cells[:2], "end"])
        .filter(any),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_what_csv_writes_is_read_back(written: list[list[str]], delimiter: str):
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([["a", "b", "c"], *written])

    assert [cells for _, cells in rows(out.getvalue(), Layout("utf-8", delimiter))] == written


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"  \n \r\n", "empty_file"),
        (b"\xef\xbb\xbf", "empty_file"),
        (b"sep=;\n", "empty_file"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "binary_file"),
        (b"PK\x03\x04\x14\0\x06\0\x08\0[Content_Types].xml", "damaged_workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 50, "damaged_workbook"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "binary_file"),
        (b"%PDF-1.7\n", "binary_file"),
        (b"<!DOCTYPE html><html>", "binary_file"),
        (bytes(range(256)) * 4, "binary_file"),
        (b"email,name\n" + b"\0" * 4000, "binary_file"),
        ("e-mail,příjmení,ž\n".encode() * 5 + b"x\xff\n", None),
        (b"email,\xc3\xa9t\xc3\xa9,na\xffme\na@x.example,A,B\n", "damaged_header"),
        (b"email,na\0me\na@x.example,A\n", "damaged_header"),
        (b'email,name\na@x.example,"A\n', "unclosed_quote"),
        (b'email,name\na@x.example,"A', "unclosed_quote"),
        (b'email,"name', "unclosed_quote"),
        (b"email" + b",x" * 1000 + b"\n", "too_many_columns"),
        (b"email," + b"x" * 300 + b"\n", "header_too_long"),
    ],
)
def test_file_that_cannot_be_read_is_refused_with_its_own_code(content: bytes, code: str | None):
    if code is None:
        assert detect_layout(io.BytesIO(content), file_name="people.csv").encoding == "utf-8"
    else:
        assert code_of(io.BytesIO(content))[0] == code


class Endless(io.RawIOBase):
    """A beginning, then one letter over and over: a huge cell that takes no memory here."""

    def __init__(self, beginning: bytes, size: int):
        self._blocks = self._generate(beginning, size)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:
        self._rest = self._rest or next(self._blocks, b"")
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count

    @staticmethod
    def _generate(beginning: bytes, size: int) -> Iterator[bytes]:
        yield beginning
        for _ in range(size // 65_536):
            yield b"x" * 65_536


@pytest.mark.parametrize(
    "beginning", [b"email,note,more\na@x.example,fine,fine\nb@x.example,", b'email,note\na@x.example,n\nb@x.example,"']
)
def test_cell_of_50_megabytes_is_refused_by_row_and_column_without_being_kept(beginning: bytes):
    stream = io.BufferedReader(Endless(beginning, 50_000_000))
    tracemalloc.start()

    refusal = code_of(stream, COMMA)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refusal == (
        "field_too_large",
        f"Row 3 of people.csv, column 2 (“note”): the cell is longer than {MAX_FIELD:,} characters.",
    )
    assert peak < 40_000_000


def test_many_lines_in_one_cell_are_too_large_as_well():
    text = 'email,note\na@x.example,"' + "line\n" * 30_000 + '"\n'

    assert code_of(io.BytesIO(text.encode()), COMMA)[0] == "field_too_large"


def test_row_of_many_large_cells_is_refused():
    text = "email\n" + ",".join(["x" * 100_000] * 25) + "\n"

    assert code_of(io.BytesIO(text.encode()), COMMA)[0] == "row_too_large"


def test_reading_takes_constant_memory():
    stream = io.BytesIO(b"email,name\n" + b"ana.maria@acme.example,Ana Maria\n" * 100_000)
    tracemalloc.start()

    count = sum(1 for _ in Table(stream, layout=COMMA, file_name="people.csv"))

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 100_000
    assert peak < 1_000_000
