"""Every answer is as the OpenAPI document describes it."""

import pytest

from campaigns.tests.factories import RecipientFactory
from campaigns_project.tests.rest.answers import Document
from campaigns_project.tests.rest.clients import key_client
from campaigns_project.tests.tenancy.addresses import all_addresses

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def document() -> Document:
    return Document()


def test_whatever_is_read_is_as_the_document_says(world, document):
    client = key_client(organization=world.organization)
    known = {address.route.translate({60: "{", 62: "}"}): address for address in all_addresses()}
    faults, good = [], 0

    for path, methods in document.schema["paths"].items():
        if "get" in methods:
            address = known[path]
            real = address.filled(**{place: world[address.model_of(place)].pk for place in address.places})
            answer = client.get(real)
            faults += document.faults("get", real, answer)
            good += answer.status_code == 200

    assert (faults, good > 50) == ([], True)


def rows_of(answer):
    """The rows of a list or of one, whichever it is."""
    told = answer.json()
    return told if isinstance(told, list) else told.get("results", [told])


def test_a_row_is_answered_in_parts_wherever_the_document_says_so(world, document):
    client = key_client(organization=world.organization)
    known = {address.route.translate({60: "{", 62: "}"}): address for address in all_addresses()}
    faults, good = [], 0

    for path, methods in document.schema["paths"].items():
        parameters = {each["name"]: each for each in methods.get("get", {}).get("parameters", ())}
        if "fields" in parameters:
            address = known[path]
            real = address.filled(**{place: world[address.model_of(place)].pk for place in address.places})
            named = parameters["fields"]["schema"]["items"]["$ref"].rpartition("/")[2]
            *others, last = names = document.schema["components"]["schemas"][named]["enum"]
            whole, one, rest = (client.get(real + more) for more in ("", f"?fields={last}", f"?omit={last}"))
            found = [[set(row) for row in rows_of(answer)] for answer in (whole, one, rest)]
            good += len(found[0])
            expected = [[keys] * len(found[0]) for keys in (set(names), {last}, set(others))]
            faults += [] if found == expected and one.get("ETag") == whole.get("ETag") else [real]
            faults += document.faults("get", real, one) + document.faults("get", real, rest)

    assert (faults, good > 50) == ([], True)


@pytest.mark.parametrize(
    ("query", "pointer", "said"),
    [
        ("fields=id,emial", "?fields", "Did you mean email?"),
        ("omit=password", "?omit", "There is no field “password” here."),
        ("fields=id&fields=email", "?fields", "fields=one,two"),
        ("fields=", "?fields", "empty"),
        ("fields=id&omit=id", "?omit", "leaves no field"),
    ],
)
def test_a_part_that_does_not_exist_is_refused(query, pointer, said):
    client = key_client()

    answers = [client.get(f"/api/v1/senders?{query}"), client.get(f"/api/v1/leads/1/timeline?{query}")]

    [error] = answers[0].json()["errors"]
    assert (answers[0].status_code, error["pointer"], said in error["detail"]) == (400, pointer, True)
    assert answers[1].json()["errors"][0]["code"] == "unknown_parameter"


@pytest.mark.parametrize("kind", ["*/*", "application/json", "application/vnd.fairlead.part+json"])
def test_a_part_is_answered_under_a_name_of_its_own_to_whoever_takes_json(kind):
    client = key_client()

    answers = [client.get(f"/api/v1/tags{more}", headers={"Accept": kind}) for more in ("?fields=id", "")]

    assert (answers[0].status_code, answers[0]["Content-Type"]) == (200, "application/vnd.fairlead.part+json")
    assert answers[1].status_code == (406 if "part" in kind else 200)


def test_rows_with_nothing_in_them_are_as_the_document_says(document):
    client = key_client()
    recipient = RecipientFactory(campaign__organization=client.organization)
    client.post("/api/v1/senders", {"email": "petr@fairlead.example"})
    client.post("/api/v1/imports", {"rows": [{"email": "ana@acme.example"}]})
    lists = ["leads", "senders", "imports", "audit-log", f"campaigns/{recipient.campaign_id}/recipients"]

    answers = {path: client.get(f"/api/v1/{path}") for path in lists}

    assert [path for path, answer in answers.items() if not answer.json()["results"]] == []
    assert [document.faults("get", f"/api/v1/{path}", answer) for path, answer in answers.items()] == [[]] * len(lists)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("leads/bulk", {"act": "tag", "tags": ["vip"], "segment": 999_999}),
        ("suppressions", {"address": "a.example", "campaign_id": 999_999}),
        ("suppressions/bulk", {"addresses": ["a.example"], "campaign_id": 999_999}),
        ("suppressions/check", {"addresses": ["a.example"], "campaign_id": 999_999}),
    ],
)
def test_what_a_body_names_and_is_not_there_is_a_404_that_the_document_knows(path, body, document):
    answer = key_client().post(f"/api/v1/{path}", body)

    assert (answer.status_code, document.faults("post", f"/api/v1/{path}", answer)) == (404, [])


def test_every_example_of_a_body_is_one_that_is_taken(world, document):
    client = key_client(organization=world.organization)
    known = {address.route.translate({60: "{", 62: "}"}): address for address in all_addresses()}
    refused, tried = [], 0

    for path, methods in document.schema["paths"].items():
        content = methods.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json", {})
        for shown in content.get("examples", {}).values():
            address = known[path]
            real = address.filled(**{place: world[address.model_of(place)].pk for place in address.places})
            answer = client.post(real, shown["value"])
            refused += [] if answer.status_code < 300 else [(path, answer.json()["detail"])]
            refused += document.faults("post", real, answer)
            tried += 1

    assert (refused, tried > 7) == ([], True)


def test_a_value_that_is_taken_where_none_is_given_is_one_that_may_be_given(document):
    fields = [
        (f"{name}.{field}", described)
        for name, component in document.schema["components"]["schemas"].items()
        for field, described in component.get("properties", {}).items()
        if "default" in described
    ]

    unfit = [name for name, described in fields if document.unfit(described, described["default"])]

    assert (unfit, len(fields) > 10) == ([], True)
