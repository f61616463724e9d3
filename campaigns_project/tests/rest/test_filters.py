"""What narrows a list: a part of the question that would not count is refused, never left out in silence."""

from typing import Any

import pytest

from campaigns.tests.factories import CampaignFactory, LeadFactory
from campaigns_project.tests.rest.answers import described
from campaigns_project.tests.rest.clients import key_client
from campaigns_project.tests.tenancy.addresses import all_addresses

pytestmark = pytest.mark.django_db


@pytest.fixture
def questions(world) -> list[tuple[str, str, dict[str, Any]]]:
    """Every query parameter of every GET: the address of a row of the world, the parameter's name, its schema."""
    schema = described()
    known = {address.route.translate({60: "{", 62: "}"}): address for address in all_addresses()}
    found = []
    for path, methods in schema["paths"].items():
        address = known[path]
        real = address.filled(**{place: world[address.model_of(place)].pk for place in address.places})
        asked = methods.get("get", {}).get("parameters", [])
        found += [(real, each["name"], each["schema"]) for each in asked if each["in"] == "query"]
    return found


def pointed_to(answer: Any) -> list[tuple[str, str]]:
    return [(each["pointer"], each["code"]) for each in answer.json().get("errors", [])]


def test_an_empty_value_is_refused_everywhere_but_in_a_search_box(world, questions):
    client = key_client(organization=world.organization)

    answers = {(path, name): client.get(path, {name: " "}) for path, name, _schema in questions if name != "q"}

    wrong = {asked: answer.status_code for asked, answer in answers.items() if answer.status_code != 400}
    assert (wrong, len(answers) > 100) == ({}, True)
    assert all(pointed_to(answer) == [(f"?{name}", "blank")] for (_path, name), answer in answers.items())
    assert all("Write a value, or leave it out." in answer.json()["detail"] for answer in answers.values())


def test_a_search_box_may_be_empty(world, questions):
    client = key_client(organization=world.organization)

    answers = [client.get(path, {name: ""}).status_code for path, name, _schema in questions if name == "q"]

    assert (set(answers), len(answers) > 5) == ({200}, True)


def test_a_parameter_that_stands_there_twice_is_refused_everywhere(world, questions):
    client = key_client(organization=world.organization)

    answers = {(path, name): client.get(path, {name: ["1", "2"]}) for path, name, _schema in questions}

    wrong = {asked: answer.status_code for asked, answer in answers.items() if answer.status_code != 400}
    assert wrong == {}
    assert all(pointed_to(answer) == [(f"?{name}", "repeated")] for (_path, name), answer in answers.items())


def test_true_or_false_is_asked_with_these_words_alone(world, questions):
    client = key_client(organization=world.organization)
    booleans = [(path, name) for path, name, schema in questions if schema.get("type") == "boolean"]

    refused = [pointed_to(client.get(path, {name: word})) for path, name in booleans for word in ("banana", "True")]

    assert refused == [[(f"?{name}", "invalid")] for _path, name in booleans for _word in range(2)]
    assert len(booleans) >= 4


def test_a_number_that_no_row_can_have_is_refused_and_no_empty_list(world, questions):
    client = key_client(organization=world.organization)
    rows = [(path, name) for path, name, schema in questions if schema.get("format") == "int64"]

    answers = {asked: client.get(asked[0], {asked[1]: str(2**63)}) for asked in rows}

    assert {asked: pointed_to(answer) for asked, answer in answers.items() if answer.status_code != 400} == {}
    assert len(rows) > 30


def test_whoever_repeats_a_list_is_told_of_the_comma_and_others_to_give_it_once():
    client = key_client()

    many = client.get("/api/v1/leads?status=ok&status=bounced").json()["detail"]
    one = client.get("/api/v1/leads/lookup?email=a@acme.example&email=b@acme.example").json()["detail"]

    assert "Separate its values by commas: status=one,two." in many
    assert "It takes one value: give it once." in one


def test_all_that_is_empty_given_twice_or_no_field_is_told_at_once():
    client = key_client()

    said = pointed_to(client.get("/api/v1/leads?status=&email=&tag=a&tag=b"))
    named = pointed_to(client.get("/api/v1/leads?fields=emial&omit=nmae"))

    assert said == [("?status", "blank"), ("?email", "blank"), ("?tag", "repeated")]
    assert named == [("?fields", "unknown_field"), ("?omit", "unknown_field")]


def test_a_list_of_nothing_but_commas_is_empty():
    client = key_client()

    assert pointed_to(client.get("/api/v1/leads?tag__not=,")) == [("?tag__not", "blank")]


def test_a_further_field_is_asked_for_once_and_with_a_text():
    client = key_client()

    assert pointed_to(client.get("/api/v1/leads?custom.stand=")) == [("?custom.stand", "blank")]
    assert pointed_to(client.get("/api/v1/leads?custom.stand=A&custom.stand=B")) == [("?custom.stand", "repeated")]


def test_what_ends_by_itself_and_what_does_not_are_told_apart():
    client = key_client()
    for_good = client.post("/api/v1/suppressions", {"address": "a.example"}).json()["id"]
    until = {"address": "b.example", "expires_at": "2100-01-01T00:00:00Z"}
    until_then = client.post("/api/v1/suppressions", until).json()["id"]

    found = {word: client.get(f"/api/v1/suppressions?expires={word}").json()["results"] for word in ("true", "false")}

    numbers = {word: [row["id"] for row in rows] for word, rows in found.items()}
    assert numbers == {"true": [until_then], "false": [for_good]}


@pytest.mark.parametrize("path", ["leads", "leads/{lead}/timeline"])
@pytest.mark.parametrize("size", ["0", "x", "201"])
def test_a_wrong_page_size_is_said_of_the_query_and_not_of_a_body(path, size):
    client = key_client()
    lead = LeadFactory(organization=client.organization)

    answer = client.get(f"/api/v1/{path.format(lead=lead.pk)}", {"page_size": size})

    assert pointed_to(answer) == [("?page_size", "invalid")]


def test_a_wrong_cursor_is_said_of_the_query_and_not_of_a_body():
    answer = key_client().get("/api/v1/leads?cursor=x")

    assert (answer.json()["code"], pointed_to(answer)) == ("invalid_cursor", [("?cursor", "invalid_cursor")])


def test_a_confirmation_in_the_query_is_refused_in_the_query():
    client = key_client()
    campaign = CampaignFactory(organization=client.organization)

    answer = client.delete(f"/api/v1/campaigns/{campaign.pk}?confirm_name={campaign.name}&token=1")

    assert (answer.status_code, pointed_to(answer)) == (400, [("?reason", "required")])


@pytest.mark.parametrize(
    ("kind", "text", "ways"),
    [
        ("date", "11/12/2026", ("2026-11-23", "YYYY-MM-DD")),
        ("date", "Nov 12 2026", ("2026-11-23", "YYYY-MM-DD")),
        ("date-time", "11/12/2026 09:00", ("2026-11-23T09:00:00Z",)),
        ("date-time", "2026-11-23T09:00:00+01:00", ("the + of +01:00 is %2B",)),
    ],
)
def test_a_date_that_could_be_another_one_is_refused_everywhere_with_the_way_to_write_it(
    world, questions, kind, text, ways
):
    client = key_client(organization=world.organization)

    asked = [f"{path}?{name}={text}" for path, name, schema in questions if schema.get("format") == kind]
    answers = [client.get(address) for address in asked]

    assert ({answer.status_code for answer in answers}, len(answers) > 5) == ({400}, True)
    assert all(any(way in answer.json()["detail"] for way in ways) for answer in answers)


def test_a_time_may_have_any_offset_that_rfc_3339_knows(world, questions):
    """Postgres takes none of 16 hours and more."""
    client = key_client(organization=world.organization)

    asked = [f"{path}?{name}=2026-11-23T09:00:00-23:50" for path, name, known in questions if is_time(known)]

    assert ({client.get(address).status_code for address in asked}, len(asked) > 20) == ({200}, True)


def is_time(known: dict[str, Any]) -> bool:
    return known.get("format") == "date-time"
