import csv
from collections.abc import Callable
from datetime import timedelta

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from campaigns_project.errors import Refused
from leads.imports import checking
from leads.imports.pasting import as_file
from leads.imports.problem_files import problem_lines
from leads.imports.running import run_import
from leads.models import Lead, LeadImport
from leads.tests.imports.conftest import NOON
from leads.tests.imports.workbooks.making import error, workbook

Files = Callable[..., LeadImport]
HEADER = ["Kontakt", "Firma", "Mitarbeiter"]


def problems(lead_import: LeadImport) -> list[list[str]]:
    """Row number, code and sentence of each, as the file of problems has them."""
    rows = list(csv.reader("".join(problem_lines(lead_import)).splitlines()))
    return [row[-4:-1] for row in rows[1:]]


def fair() -> bytes:
    """A list with a title, errors and a formula that nobody calculated."""

    def break_cells(book: Workbook, sheet: Worksheet) -> None:
        sheet["A5"] = '=B5&"@acme.example"'
        error(sheet, "B6", "#REF!")

    rows = [
        ["Guests of the fair"],
        [],
        HEADER,
        ["ana@acme.example", "Acme", 51],
        ["", "Harbor", None],
        ["carl@acme.example", "", "11-50"],
        ["eva@acme.example", "South", "many"],
    ]
    return workbook(rows, finish=break_cells)


def test_a_workbook_becomes_leads_and_its_faults_problems_by_row_and_column(imported: Files):
    lead_import = imported(fair())

    assert list(Lead.objects.values_list("email", "company", "company_size")) == [("ana@acme.example", "Acme", 51)]
    assert (lead_import.total_rows, lead_import.problem_count, lead_import.mapping["Kontakt"]) == (4, 3, "email")
    assert problems(lead_import) == [
        [
            "5",
            "error_value",
            "The formula here has no value yet: open the file in a spreadsheet and save it.",
        ],
        ["6", "error_value", "“#REF!” is an error of the spreadsheet."],
        ["7", "invalid_company_size", "“many” is not a number of people; write 51 or 51-200, or leave it empty."],
    ]


def test_a_workbook_that_was_interrupted_goes_on_where_it_was(received: Files, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checking, "CHUNK_ROWS", 3)
    content = workbook([["Email"], *([f"p{n}@acme.example"] for n in range(7))])
    lead_import = received(content)
    run_import(lead_import_id=lead_import.pk, now=NOON, budget=timedelta(0))

    lead_import = run_import(lead_import_id=lead_import.pk, now=NOON)

    assert (lead_import.status, lead_import.rows_done, lead_import.created_count) == ("succeeded", 7, 7)


@pytest.mark.parametrize("sheet", ["Nothing", "Else"])
def test_a_workbook_that_cannot_be_read_leaves_nothing_behind(received: Files, sheet: str):
    content = workbook([["Email"], ["ana@acme.example"]], finish=lambda book, _: book.create_sheet("Nothing"))

    with pytest.raises(Refused):
        received(content, sheet=sheet)

    assert LeadImport.objects.count() == 0


def test_what_is_above_a_named_header_is_left_out(imported: Files):
    imported("Email,Name\nold@acme.example,Old\nEmail,Name\nana@acme.example,Ana\n", header_row=3)

    assert list(Lead.objects.values_list("email", flat=True)) == ["ana@acme.example"]


def test_quoting_that_was_found_is_the_one_the_worker_reads_by(imported: Files):
    imported('Email,Company\nana@acme.example,"The \\"best\\", Ltd"\n')

    assert Lead.objects.get().company == 'The "best", Ltd'


def test_pasted_people_become_leads(imported: Files):
    imported(as_file("Ana Roy <ana@acme.example>; bob@acme.example").read())

    assert list(Lead.objects.order_by("email").values_list("email", "first_name", "last_name")) == [
        ("ana@acme.example", "Ana", "Roy"),
        ("bob@acme.example", "", ""),
    ]
