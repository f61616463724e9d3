import time

import pytest

from campaigns_project.errors import Refused
from leads.imports.layouts import detect_layout
from leads.imports.pasting import MAX_CHARACTERS, as_file
from leads.imports.reading import Table

ANA_AND_BOB = [["ana@acme.example", "Ana"], ["bob@acme.example", "Bob"]]


def read(text: str) -> tuple[list[str], list[list[str]]]:
    stream = as_file(text)
    table = Table(stream, layout=detect_layout(stream, file_name="x"), file_name="x")
    return table.header, [row.cells for row in table]


@pytest.mark.parametrize(
    "text",
    [
        "Email\tName\nana@acme.example\tAna\nbob@acme.example\tBob",
        "Email\tName\r\nana@acme.example\tAna\r\nbob@acme.example\tBob\r\n",
        "Email;Name\nana@acme.example;Ana\nbob@acme.example;Bob",
        "\n\nEmail,Name\nana@acme.example,Ana\nbob@acme.example,Bob",
        "Guests of the fair\n\nEmail,Name\nana@acme.example,Ana\nbob@acme.example,Bob",
    ],
)
def test_rows_of_a_spreadsheet_with_their_header_go_on_as_they_are(text: str):
    assert read(text) == (["Email", "Name"], ANA_AND_BOB)


@pytest.mark.parametrize(
    "text",
    [
        "Ana <ana@acme.example>; Bob <bob@acme.example>",
        "Ana <ana@acme.example>, Bob <bob@acme.example>,",
        "Ana <ana@acme.example>\nBob <bob@acme.example>\n",
        '"Ana" <ana@acme.example>;"Bob" <bob@acme.example>',
        "ana@acme.example\tAna\nbob@acme.example\tBob",
        "ana@acme.example;Ana\nbob@acme.example;Bob",
    ],
)
def test_people_without_a_header_get_one(text: str):
    assert read(text) == (["email", "full_name"], ANA_AND_BOB)


@pytest.mark.parametrize(
    "text",
    [
        "ana@acme.example\nbob@acme.example",
        "ana@acme.example; bob@acme.example",
        "ana@acme.example, bob@acme.example",
        "ana@acme.example,\r\nbob@acme.example,\r\n",
        "<ana@acme.example> <bob@acme.example>",
        "Email\nana@acme.example; bob@acme.example",
        "Kontakte\nAna <ana@acme.example>, bob@acme.example\n",
    ],
)
def test_bare_addresses_are_enough(text: str):
    assert [row[0] for row in read(text)[1]] == ["ana@acme.example", "bob@acme.example"]


@pytest.mark.parametrize("word", ["Email", "Kontakt"])
def test_a_word_above_a_column_of_addresses_is_its_header(word: str):
    assert read(f"{word}\nana@acme.example\nbob@acme.example") == (
        [word],
        [["ana@acme.example"], ["bob@acme.example"]],
    )


def test_what_is_no_address_stays_in_its_place_to_be_refused_by_row():
    header, rows = read("anaacme.example\nbob@acme.example\ncarl@\n")

    assert (header[0], [row[0] for row in rows]) == ("email", ["anaacme.example", "bob@acme.example", "carl@"])


def test_columns_that_nobody_named_are_counted():
    header, rows = read("Ana\tAcme\tana@acme.example\nBob\tHarbor\tbob@acme.example")

    assert header == ["column 1", "column 2", "email"]
    assert rows == [["Ana", "Acme", "ana@acme.example"], ["Bob", "Harbor", "bob@acme.example"]]


def test_a_comma_in_a_quoted_name_parts_nobody():
    assert read('"Roy, Ana" <ana@acme.example>; Bob <bob@acme.example>')[1] == [
        ["ana@acme.example", "Roy, Ana"],
        ["bob@acme.example", "Bob"],
    ]


@pytest.mark.parametrize(
    ("text", "code"), [("", "empty_file"), (" \n\t", "empty_file"), ("x" * (MAX_CHARACTERS + 1), "file_too_large")]
)
def test_what_is_no_list_is_refused(text: str, code: str):
    with pytest.raises(Refused) as refused:
        as_file(text)

    assert refused.value.code == code


@pytest.mark.parametrize(
    "person", ["Ana {} <p{}@acme.example>; ", "p{}{}@acme.example, ", '"Ana {}" <p{}@acme.example>\n']
)
def test_a_list_of_many_people_takes_seconds_at_most(person: str):
    text = "".join(person.format(n, n) for n in range(30_000))
    started = time.perf_counter()

    lines = as_file(text).read().splitlines()

    assert len(lines) == 30_001
    assert time.perf_counter() - started < 10
