import pytest

from campaigns_project.errors import Refused
from leads.imports.fields import TARGETS
from leads.imports.folding import folded
from leads.imports.matching import match_columns, named
from leads.imports.synonyms import SYNONYMS


def targets(*header: str, **options: object) -> list[str | None]:
    return list(match_columns(header, file_name="people.csv", **options).targets)


def refusal(*header: str, **options: object) -> Refused:
    with pytest.raises(Refused) as refused:
        match_columns(header, file_name="people.csv", **options)
    return refused.value


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (("E-Mail", "FIRST_NAME", "last name ", "Company"), ["email", "first_name", "last_name", "company"]),
        (("E-mail Address", "Given Name", "Family Name"), ["email", "first_name", "last_name"]),
        (("Correo electrónico", "Nombre", "Apellidos", "País"), ["email", "first_name", "last_name", "country"]),
        (("CORREO ELECTRONICO", "nombre"), ["email", "first_name"]),
        (("Courriel", "Prénom", "Nom", "Société"), ["email", "first_name", "last_name", "company"]),
        (("E-Mail-Adresse", "Vorname", "Nachname", "Firma"), ["email", "first_name", "last_name", "company"]),
        (("E-mail", "Jméno", "Příjmení", "Město"), ["email", "first_name", "last_name", "city"]),
        (("Эл. почта", "Имя", "Фамилия"), ["email", "first_name", "last_name"]),
        (("メールアドレス", "氏名", "会社名"), ["email", "full_name", "company"]),
        (("E-mail 1 - Value", "Organization 1 - Title"), ["email", "title"]),
        (("Email", "Person Linkedin Url", "Website"), ["email", "linkedin_url", "website"]),
        (("Name", "Email"), ["full_name", "email"]),
        (("Vorname", "Name", "E-Mail"), ["first_name", "last_name", "email"]),
    ],
)
def test_headers_of_other_systems_and_languages_are_known(header: tuple[str, ...], expected: list[str]):
    assert targets(*header) == expected


def test_no_name_stands_for_two_fields():
    fields_by_name: dict[str, set[str]] = {}
    for field, names in SYNONYMS.items():
        for name in names:
            fields_by_name.setdefault(folded(name), set()).add(field)

    assert {name: fields for name, fields in fields_by_name.items() if len(fields) > 1} == {}
    assert set(SYNONYMS) == set(TARGETS)


def test_of_two_columns_for_one_field_the_better_name_wins_and_the_other_is_unknown():
    assert targets("Work Email", "Email", unknown_columns="custom") == ["custom.work_email", "email"]
    assert refusal("Work Email", "Email").details["columns"] == [{"column": "Work Email", "suggestion": None}]


def test_cells_tell_between_columns_that_fit_one_field_and_what_leads_to_linkedin():
    header = ("Email", "Mobile Phone", "Work Direct Phone", "URL")
    samples = [["ana@acme.example"], [], ["+420 1"], ["https://www.linkedin.com/in/ana"]]

    assert targets(*header, samples=samples, unknown_columns="custom") == [
        *("email", "custom.mobile_phone", "phone", "linkedin_url"),
    ]


def test_mapping_wins_over_the_name():
    asked = {"Email": "ignore", "work email": "email", "Sector": "custom.industry"}

    assert targets("Email", "Work Email", "Sector", mapping=asked) == [None, "email", "custom.industry"]


def test_full_name_that_was_asked_for_stays_one_beside_a_first_name():
    assert targets("Vorname", "Name", "E-Mail", mapping={"Name": "full_name"}) == ["first_name", "full_name", "email"]


def test_unknown_columns_are_refused_by_name_with_suggestions_and_ways_out():
    refused = refusal("Email", "Compny", "Favorite color")

    assert refused.code == "unknown_columns"
    assert refused.message == (
        "people.csv has columns that match no field of a lead: “Compny” (did you mean company?), “Favorite color”."
    )
    assert "--unknown-columns custom" in refused.hint
    assert '--map "HEADER=field"' in refused.hint


def test_unknown_columns_may_be_kept_or_left_out():
    header = ("Email", "Stand (2024)", "", "2nd choice", "Склад")

    assert targets(*header, unknown_columns="custom")[1:] == [
        "custom.stand_2024",
        "custom.column_3",
        "custom.n2nd_choice",
        "custom.склад",
    ]
    assert targets(*header, unknown_columns="ignore") == ["email", None, None, None, None]


def test_columns_of_an_errors_file_are_left_out_without_asking():
    assert targets("Email", "_row", "_problem_code", "_problem") == ["email", None, None, None]
    assert refusal("Email", "Row").code == "unknown_columns"


@pytest.mark.parametrize(
    ("header", "options", "code"),
    [
        (("First name", "Company"), {}, "no_email_column"),
        (("ana@acme.example", "Ana"), {}, "no_header"),
        (("Email", "Sector"), {"mapping": {"Sector": "trade"}}, "bad_mapping"),
        (("Email", "Sector"), {"mapping": {"Sector": "custom."}}, "bad_mapping"),
        (("Email", "Sector"), {"mapping": {"Sector": "custom.No Spaces"}}, "bad_mapping"),
        (("Email",), {"mapping": {"Sector": "company"}}, "unknown_mapped_column"),
        (("Email", "A", "B"), {"mapping": {"A": "company", "B": "company"}}, "ambiguous_columns"),
        (("Email", "Sector"), {"mapping": {"Sector": "email", "Email": "email"}}, "ambiguous_columns"),
        (("Email",), {"unknown_columns": "perhaps"}, "bad_option"),
    ],
)
def test_header_that_cannot_be_matched_is_refused(header: tuple[str, ...], options: dict[str, object], code: str):
    assert refusal(*header, **options).code == code


@pytest.mark.parametrize("unknown_columns", ["refuse", "custom", "ignore"])
def test_a_second_column_of_a_name_has_to_be_decided_about(unknown_columns: str):
    header = ("Email", "Company", "E-mail", "company ", "COMPANY")
    decided = {"E-mail (2)": "ignore", "company (2)": "custom.other_firm", "COMPANY (3)": "ignore"}

    refused = refusal(*header, unknown_columns=unknown_columns)
    matched = match_columns(header, file_name="people.csv", unknown_columns=unknown_columns, mapping=decided)

    assert (refused.code, [each["name"] for each in refused.details["columns"]]) == (
        "duplicate_header",
        ["E-mail (2)", "company (2)", "COMPANY (3)"],
    )
    assert "columns 1 and 3 (“E-mail (2)”)" in refused.message
    assert matched.targets == ("email", "company", None, "custom.other_firm", None)


def test_a_number_that_is_taken_is_not_given_twice_and_a_long_name_has_room_for_it():
    assert named(["A", "A", "A (2)", "", "column 4", "x" * 200, "x" * 200]) == [
        *("A", "A (3)", "A (2)", "column 4", "column 4 (2)", "x" * 200, f"{'x' * 190} (2)"),
    ]


def test_a_second_column_of_a_name_can_be_mapped_and_a_second_mark_counts():
    asked = {"Company": "ignore", "Company (2)": "company"}

    assert targets("Email", "Company", "Company", mapping=asked) == ["email", None, "company"]
    assert targets("Email", "DNC", "dnc") == ["email", "do_not_contact", "do_not_contact"]
