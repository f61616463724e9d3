"""Lists of addresses and domains: one a line, or in a column of a table."""

import pytest

from leads.imports.lists import Listed, as_text, listed, without_heading


@pytest.mark.parametrize(
    ("text", "column", "lines"),
    [
        ("name;email;site\nAna;a@acme.example;https://acme.example\nBob;;\n", "email", ["", "a@acme.example", ""]),
        (
            "Kontakt;Firma\na@acme.example;Acme\nb@beta.example;Beta",
            "Kontakt",
            ["", "a@acme.example", "b@beta.example"],
        ),
        ("Report of May\n\nName,E-Mail\nAna,a@acme.example", "E-Mail", ["", "", "", "a@acme.example"]),
        ("Name\tEmail\nAna\ta@acme.example", "Email", ["", "a@acme.example"]),
        ("Company,Domain\nAcme,acme.example", "Domain", ["", "acme.example"]),
    ],
)
def test_of_a_table_the_column_of_addresses_is_found_and_named(text, column, lines):
    assert listed(text) == Listed(lines, column)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("email\na@acme.example, b@acme.example", ["", "a@acme.example; b@acme.example"]),
        ("Ana,a@acme.example\nBob,b@acme.example", ["a@acme.example", "b@acme.example"]),
        ("a@acme.example, asked by boss@own.example\nb@acme.example, ok", ["a@acme.example", "b@acme.example"]),
        ("a@acme.example,acme.example\nb@beta.example,beta.example", ["a@acme.example", "b@beta.example"]),
        ("a@acme.example; b@acme.example\numbrella.example", ["a@acme.example; b@acme.example", "umbrella.example"]),
        ("Nom;acme.example\nx;beta.example", ["acme.example", "beta.example"]),
        ("Acme,gone\nBeta,gone", ["Acme", "Beta"]),
        ("https://acme.example\nhttps://beta.example", ["https://acme.example", "https://beta.example"]),
        ('"unclosed,a@acme.example\nb@acme.example,x', ["unclosed,a@acme.example", "b@acme.example"]),
        ("", []),
    ],
)
def test_without_names_of_columns_each_line_says_its_addresses_or_domains(text, lines):
    assert listed(text) == Listed(lines)


def test_reasons_stand_in_the_column_most_of_whose_cells_are_some_and_are_kept_when_it_is_read_again():
    text = (
        "Added;Reason;E-Mail;Note\nMay;hard_bounce;a@acme.example;ok\nJune;?;b@acme.example;x\n;Spam;c@acme.example;\n"
    )

    found = listed(text)

    assert (found.reasons, found.reason_column) == ([None, "hard_bounce", None, "complaint"], "Reason")
    again = listed(as_text(found.lines, found.reasons))
    assert (again.lines, again.reasons) == (found.lines, found.reasons)
    of_hand = "E-Mail;{}\na@acme.example;Manual\nb@acme.example;import\n"
    assert listed(of_hand.format("Grund der Sperre")).reasons == [None, "manual", "import"]
    assert listed(of_hand.format("Source")).reasons == []
    of_offices = "E-Mail;{}\na@acme.example;Legal\nb@acme.example;Abuse"
    assert listed(of_offices.format("Department")).reasons == []
    for named in ("Sperrgrund", "Abmeldegründe", "afmeldreden", "suppressionReason"):
        assert listed(of_offices.format(named)).reasons == [None, "legal", "complaint"]
    assert listed(of_offices.format("Type") + "\nc@acme.example;Hard bounce").reasons[1:] == [
        "legal", "complaint", "hard_bounce",
    ]  # fmt: skip
    assert listed("Email,Status\na@acme.example,clean\nb@acme.example,Clean").reasons == []
    assert listed("Email,Reason\na@acme.example,asked us\nb@acme.example,erased").reasons == []


def test_a_cell_longer_than_csv_takes_is_an_entry_like_others():
    assert listed(f"a@acme.example,x\n{'x' * 200_000},y").lines == ["a@acme.example", f"{'x' * 200_000},y"]


def test_only_the_first_line_that_says_something_can_be_a_heading():
    assert without_heading(["", "E-Mail", "a@acme.example", "email"]) == ["", "", "a@acme.example", "email"]
