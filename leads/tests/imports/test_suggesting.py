import pytest

from leads.imports.suggesting import suggest

ADDRESSES = ["ana@acme.example", "bob@acme.example", "not an address"]


def suggested(header: list[str], samples: list[list[str]] | None = None, **remembered: str) -> list[tuple[str, str]]:
    return [(column.target, column.confidence.value) for column in suggest(header, samples or [], remembered)]


def test_a_name_is_surer_than_a_synonym_and_both_than_nothing():
    header = ["Email", "Vorname", "Favorite color"]

    assert suggested(header, [ADDRESSES, ["Ana"], ["red"]]) == [
        ("email", "exact"),
        ("first_name", "synonym"),
        ("custom.favorite_color", "none"),
    ]


@pytest.mark.parametrize("name", ["Kontakt", "Contact", "Login", ""])
def test_a_column_of_addresses_is_the_address_whatever_it_is_called(name: str):
    assert suggested([name, "Company"], [ADDRESSES, ["Acme"]]) == [("email", "content"), ("company", "exact")]


def test_addresses_beside_a_column_called_so_are_a_field_of_their_own():
    assert suggested(["Email", "Boss"], [ADDRESSES, ADDRESSES]) == [("email", "exact"), ("custom.boss", "none")]


def test_links_are_told_by_what_they_lead_to():
    samples = [ADDRESSES, ["https://www.linkedin.com/in/ana"], ["www.acme.example", "https://b.example/x"]]

    assert suggested(["Email", "A", "B"], samples)[1:] == [("linkedin_url", "content"), ("website", "content")]


PROFILES = ["https://www.linkedin.com/in/ana", "linkedin.com/in/bob", ""]


@pytest.mark.parametrize(
    ("header", "samples", "expected"),
    [
        (["Email", "URL"], [ADDRESSES, PROFILES], [("email", "exact"), ("linkedin_url", "content")]),
        (
            ["Email", "URL", "Website"],
            [ADDRESSES, PROFILES, ["www.acme.example"]],
            [("email", "exact"), ("linkedin_url", "content"), ("website", "exact")],
        ),
        (
            ["Email", "URL", "LinkedIn"],
            [ADDRESSES, PROFILES, PROFILES],
            [("email", "exact"), ("custom.url", "none"), ("linkedin_url", "exact")],
        ),
        (
            ["Email", "Website"],
            [ADDRESSES, ["https://www.linkedin.com/company/acme"]],
            [("email", "exact"), ("website", "exact")],
        ),
    ],
)
def test_a_web_address_of_people_on_linkedin_is_their_profile(
    header: list[str], samples: list[list[str]], expected: list[tuple[str, str]]
):
    assert suggested(header, samples) == expected


def test_of_columns_that_fit_one_field_one_with_values_is_taken():
    header = ["Email", "Mobile Phone", "Work Direct Phone", "Corporate Phone"]
    samples = [ADDRESSES, [], ["+420 1"], ["+420 2"]]

    assert [target for target, _ in suggested(header, samples)] == [
        *("email", "ignore", "phone", "custom.corporate_phone"),
    ]
    assert [target for target, _ in suggested(header, [ADDRESSES, [" "], [], []])][1] == "phone"


def test_what_was_decided_before_wins():
    remembered = {"e-mail": "ignore", "Work Email": "email", "Color": "custom.paint"}

    assert suggested(["E-Mail", "Work email", "COLOR"], None, **remembered) == [
        ("ignore", "remembered"),
        ("email", "remembered"),
        ("custom.paint", "remembered"),
    ]


def test_a_column_without_a_cell_is_left_out():
    assert suggested(["Email", "Notes"], [ADDRESSES, ["", " "]])[1] == ("ignore", "none")


def test_a_second_column_of_a_name_is_left_out_until_somebody_decides():
    header = ["Email", "Company", "Company", "Note", "Note"]

    found = suggest(header, [ADDRESSES, ["Acme"], ["Globex"], ["a"], ["b"]])

    assert [(each.header, each.target) for each in found] == [
        ("Email", "email"),
        ("Company", "company"),
        ("Company (2)", "ignore"),
        ("Note", "custom.note"),
        ("Note (2)", "ignore"),
    ]


def test_no_field_is_suggested_twice():
    header = ["Email", "E-mail 2 - Value", "Work email", "Kontakt"]
    targets = [target for target, _ in suggested(header, [ADDRESSES] * 4)]

    assert len(set(targets)) == len(targets)


def test_samples_are_the_first_different_cells():
    (column,) = suggest(["Email"], [["a@x.example", " a@x.example", "", "b@x.example", "c@x.example", "d@x.example"]])

    assert column.samples == ("a@x.example", "b@x.example", "c@x.example")


# The first columns of what these systems export, with the fields they must fill.
EXPORTS = {
    "HubSpot": [
        ("First Name", "first_name"),
        ("Last Name", "last_name"),
        ("Email", "email"),
        ("Phone Number", "phone"),
        ("Job Title", "title"),
        ("Associated Company", "company"),
        ("Country/Region", "country"),
        ("LinkedIn URL", "linkedin_url"),
        ("Industry", "industry"),
        ("Number of Employees", "company_size"),
        ("Website URL", "website"),
        ("Company Domain Name", "company_domain"),
    ],
    "Salesforce": [
        ("First Name", "first_name"),
        ("Last Name", "last_name"),
        ("Title", "title"),
        ("Account Name", "company"),
        ("Mailing City", "city"),
        ("Mailing Country", "country"),
        ("Phone", "phone"),
        ("Email", "email"),
    ],
    "Pipedrive": [
        ("Person - Name", "full_name"),
        ("Person - Organization", "company"),
        ("Person - Email - Work", "email"),
        ("Person - Phone - Work", "phone"),
        ("Person - Job title", "title"),
    ],
    "Apollo": [
        ("First Name", "first_name"),
        ("Last Name", "last_name"),
        ("Title", "title"),
        ("Company", "company"),
        ("Email", "email"),
        ("Seniority", "seniority"),
        ("Corporate Phone", "phone"),
        ("# Employees", "company_size"),
        ("Industry", "industry"),
        ("Person Linkedin Url", "linkedin_url"),
        ("Website", "website"),
        ("City", "city"),
        ("Country", "country"),
    ],
    "LinkedIn": [
        ("First Name", "first_name"),
        ("Last Name", "last_name"),
        ("URL", "website"),
        ("Email Address", "email"),
        ("Company", "company"),
        ("Position", "title"),
    ],
    "Mailchimp": [("Email Address", "email"), ("First Name", "first_name"), ("Last Name", "last_name")],
    "Google Contacts": [
        ("First Name", "first_name"),
        ("Last Name", "last_name"),
        ("Organization Name", "company"),
        ("Organization Title", "title"),
        ("E-mail 1 - Value", "email"),
        ("Phone 1 - Value", "phone"),
        ("Address 1 - City", "city"),
        ("Address 1 - Country", "country"),
    ],
    "Outlook": [
        ("First Name", "first_name"),
        ("Last Name", "last_name"),
        ("Company", "company"),
        ("Job Title", "title"),
        ("E-mail Address", "email"),
        ("Business Phone", "phone"),
        ("Business City", "city"),
        ("Business Country/Region", "country"),
        ("Web Page", "website"),
    ],
    "Outlook in German": [
        ("Vorname", "first_name"),
        ("Firma", "company"),
        ("E-Mail-Adresse", "email"),
        ("Telefon geschäftlich", "phone"),
        ("Ort geschäftlich", "city"),
        ("Land/Region geschäftlich", "country"),
    ],
    "Japan": [("名前", "full_name"), ("メールアドレス", "email"), ("会社", "company")],
}
LANGUAGES = {
    "en": "Email, First name, Last name, Company, Job title, City, Country, Industry, Number of employees",
    "de": "E-Mail-Adresse, Vorname, Nachname, Firma, Funktion, Stadt, Land, Branche, Mitarbeiterzahl",
    "fr": "Adresse e-mail, Prénom, Nom, Société, Fonction, Ville, Pays, Secteur d'activité, Effectif",
    "es": "Correo electrónico, Nombre, Apellidos, Empresa, Cargo, Ciudad, País, Sector, Número de empleados",
    "it": "Indirizzo e-mail, Nome, Cognome, Azienda, Ruolo, Città, Paese, Settore, Dipendenti",
    "pt": "Endereço de e-mail, Primeiro nome, Sobrenome, Empresa, Cargo, Cidade, País, Setor, Número de funcionários",
    "nl": "E-mailadres, Voornaam, Achternaam, Bedrijf, Functie, Plaats, Land, Bedrijfstak, Aantal medewerkers",
    "pl": "Adres e-mail, Imię, Nazwisko, Nazwa firmy, Stanowisko, Miasto, Kraj, Branża, Liczba pracowników",
    "cs": "E-mail, Jméno, Příjmení, Společnost, Pozice, Město, Země, Odvětví, Počet zaměstnanců",
    "sv": "E-postadress, Förnamn, Efternamn, Företag, Befattning, Stad, Land, Bransch, Antal anställda",
}
FIELDS = ["email", "first_name", "last_name", "company", "title", "city", "country", "industry", "company_size"]


@pytest.mark.parametrize("system", EXPORTS)
def test_exports_of_other_systems_need_no_mapping(system: str):
    header, fields = zip(*EXPORTS[system], strict=True)

    assert [target for target, _ in suggested(list(header))] == list(fields)


@pytest.mark.parametrize("language", LANGUAGES)
def test_headers_of_ten_languages_need_no_mapping(language: str):
    assert [target for target, _ in suggested(LANGUAGES[language].split(", "))] == FIELDS
