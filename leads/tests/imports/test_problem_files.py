import csv
import io
from collections.abc import Callable

from leads.imports.problem_files import ProblemWriter, problem_lines
from leads.models import LeadImport, RawLead

Files = Callable[..., LeadImport]


def test_problems_come_as_a_csv_with_the_columns_of_the_file(imported: Files):
    lead_import = imported('email,first name\nbad,"A, B"\nana@acme.example,Ana\nshort\nx@acme.example,,too,wide\n')

    text = "".join(problem_lines(lead_import))

    assert text.startswith("\ufeff")
    assert list(csv.reader(io.StringIO(text[1:], newline=""))) == [
        ["email", "first name", "_row", "_problem_code", "_problem", "_extra"],
        [
            "bad",
            "A, B",
            "2",
            "invalid_email",
            "“bad” is not an e-mail address: An email address must have an @-sign.",
            "",
        ],
        [
            *("short", "", "4", "too_few_columns"),
            "The row has 1 of 2 columns, so it is not certain which cell belongs to which.",
            "",
        ],
        [
            *("x@acme.example", "", "5", "too_many_columns"),
            "The row has 4 columns, the header 2: quote cells that contain the delimiter.",
            "too,wide",
        ],
    ]


def test_formulas_are_disarmed_and_come_back_when_the_corrected_file_is_imported(imported: Files):
    first = imported("email,first name,phone\nbad,=1+1,+420 1\n")
    written = "".join(problem_lines(first))

    again = imported(written.replace("bad", "ana@acme.example", 1))

    assert "'=1+1" in written
    assert "'+420 1" in written
    assert again.created_count == 1
    assert again.created_leads.values_list("first_name", "phone").get() == ("=1+1", "+420 1")


def test_what_cannot_be_written_is_shown_as_lost(imported: Files):
    out = io.StringIO()

    ProblemWriter(out, ["email"]).write(number=2, cells=["a\0b\udcff"], code="damaged_text", message="x")

    assert "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER},2,damaged_text" in out.getvalue()


def test_import_without_problems_gives_the_header_alone(imported: Files):
    lead_import = imported("email\nana@acme.example\n")

    assert "".join(problem_lines(lead_import)) == "\ufeffemail,_row,_problem_code,_problem,_extra\r\n"


def test_records_of_a_provider_have_no_columns_but_their_problems(imported: Files):
    lead_import = imported("email\nbad\n")
    RawLead.objects.update(payload={"id": "x"})
    LeadImport.objects.update(options={"header": []})
    lead_import.refresh_from_db()

    header, row = "".join(problem_lines(lead_import)).splitlines()

    assert header == "\ufeff_row,_problem_code,_problem,_extra"
    assert row.startswith("2,invalid_email,")


def test_rows_of_another_width_stay_problems_until_somebody_has_put_them_right(imported: Files):
    wide = "email,first name,company\nana@acme.example,Ana,Acme, Inc.,x\nbob@acme.example,Bob\n"
    written = "".join(problem_lines(imported(wide)))

    unedited = imported(written)
    again = "".join(problem_lines(unedited))
    corrected = imported(again.replace("too_few_columns", ""))

    assert unedited.problem_codes == {"too_many_columns": 1, "too_few_columns": 1}
    assert next(csv.DictReader(io.StringIO(again[1:], newline=""))) == {
        "email": "ana@acme.example",
        "first name": "Ana",
        "company": "Acme",
        "_row": "2",
        "_problem_code": "too_many_columns",
        "_extra": "Inc.,x",
        "_problem": "Its cells may stand in the wrong columns: put them right, then empty _problem_code in this row.",
    }
    assert (corrected.created_count, corrected.problem_codes) == (1, {"too_many_columns": 1})
