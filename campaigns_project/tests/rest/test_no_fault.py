"""Whatever a field or parameter is given, the answer is one that is described: never a fault of ours.

Generated from the schema, so that every new field is tried as well.
"""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from knox.models import AuthToken

from campaigns_project.tests.rest.answers import described
from campaigns_project.tests.rest.clients import KeyClient, key_client
from campaigns_project.tests.tenancy.addresses import all_addresses
from campaigns_project.tests.tenancy.world import World

pytestmark = pytest.mark.django_db

NOTHING_LIKE_IT = [None, [], {}, -1, "", "\u0000"]
# What gets past the first look at a field of this type, and whatever names none gets all of it.
BAD_VALUES: dict[str, list[Any]] = {
    "integer": [10**30, 1.5],
    "string": ["\ud800", "x" * 20_000, "0001-01-01T00:00:00+14:00", "{{"],
    "object": [{"\ud800": "\u0000"}],
    "array": [[[]], [{"\ud800": "\u0000"}]],
}
BAD_BY_TYPE = {**BAD_VALUES, "number": BAD_VALUES["integer"], "boolean": [1.5]}
BAD_TEXTS = ["", "\u0000", "9" * 40, "-1", "NaN", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", ",", "%"]
WORDING = {"subject": "Hello", "body_text": "Hello"}
# What makes the rest of a body good, so that the field in question is looked at.
GOOD_BODIES: dict[str, dict[str, Any]] = {
    "/api/v1/leads": {"email": "new@acme.example"},
    "/api/v1/tags": {"name": "new"},
    "/api/v1/campaigns": {"name": "New"},
    "/api/v1/templates": {"name": "New", **WORDING},
    "/api/v1/senders": {"email": "new@fairlead.example"},
    "/api/v1/suppressions": {"address": "new@acme.example"},
    "/api/v1/campaigns/{campaign}/steps": {"variants": [WORDING]},
    "/api/v1/campaigns/{campaign}/steps/{step}/variants": WORDING,
}


@pytest.fixture
def client(world) -> KeyClient:
    """With a key that need not be looked up for each of thousands of requests."""
    client = key_client(organization=world.organization)
    token = AuthToken.objects.get()
    client.force_authenticate(token.user, token)
    client.raise_request_exception = False
    return client


@pytest.fixture
def schema() -> dict[str, Any]:
    return described()


def operations(schema: dict[str, Any], world: World) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Method, path of the schema, path of a row of the world, description."""
    known = {address.route.translate({60: "{", 62: "}"}): address for address in all_addresses()}
    for path, methods in schema["paths"].items():
        address = known[path]
        real = address.filled(**{place: world[address.model_of(place)].pk for place in address.places})
        for method, operation in methods.items():
            yield method, path, real, operation


def body_fields(schema: dict[str, Any], operation: dict[str, Any], kind: str) -> dict[str, list[Any]]:
    """The fields of a body, each with the values that are bad for one of its type."""
    node = operation.get("requestBody", {}).get("content", {}).get(kind, {}).get("schema", {})
    if "$ref" in node:
        node = schema["components"]["schemas"][node["$ref"].rpartition("/")[2]]
    return {name: bad_values(field.get("type")) for name, field in node.get("properties", {}).items()}


def bad_values(types: str | list[str] | None) -> list[Any]:
    known = [types] if isinstance(types, str) else types or list(BAD_VALUES)
    return NOTHING_LIKE_IT + [value for each in known if each != "null" for value in BAD_BY_TYPE[each]]


def is_foretold(operation: dict[str, Any], answer: Any) -> bool:
    """Whether the document names this status; it names none of a fault of ours."""
    return str(answer.status_code) in operation["responses"]


def by_value(fields: dict[str, list[Any]]) -> Iterator[tuple[Any, list[str]]]:
    """Each value with the names of all the fields that it is bad for."""
    names: dict[str, list[str]] = {}
    for name, values in fields.items():
        for value in values:
            names.setdefault(json.dumps(value), []).append(name)
    yield from ((json.loads(text), found) for text, found in names.items())


def asked(names: list[str], ask: Callable[[list[str]], Any]) -> Iterator[tuple[list[str], Any]]:
    """What is answered to all the names at once, and to each alone that was not refused with others then.

    A serializer and a form look at every field by itself before they do anything: what it refuses among others it
    refuses alone. What is said of one field may be about all of them together; it is asked alone, and the others once
    more without it, since what comes first may have kept them from being looked at.
    """
    while True:
        answer = ask(names)
        yield names, answer
        refused = refused_in(answer) & set(names)
        alone = refused if len(refused) == 1 else set()
        left = [name for name in names if name not in refused]
        if len(names) > 1:
            yield from (([name], ask([name])) for name in (alone if refused else left))
        if not (refused and left):
            return
        names = left


def refused_in(answer: Any) -> set[str]:
    errors = answer.json().get("errors", []) if answer.status_code == 400 else []
    return {error["pointer"][1:].partition("/")[0] for error in errors}


def test_no_value_of_a_field_is_a_fault_of_ours(schema, world, client):
    faults, tried = [], 0

    for method, path, real, operation in operations(schema, world):
        good = GOOD_BODIES.get(path, {}) if method == "post" else {}
        for value, names in by_value(body_fields(schema, operation, "application/json")):
            ask = partial(send, getattr(client, method), real, good, value)
            for given, answer in asked(names, ask):
                faults += [] if is_foretold(operation, answer) else [(method, path, given, value, answer.status_code)]
            tried += len(names)

    assert faults == []
    assert tried > 1_000


def send(method: Any, path: str, good: dict[str, Any], value: Any, names: list[str]) -> Any:
    """The good body, with the value in the place of the fields of these names."""
    text = json.dumps({**good, **dict.fromkeys(names, value)})
    return method(path, text, content_type="application/json")


def test_no_option_of_an_import_is_a_fault_of_ours(schema, world, client):
    faults = []

    for method, path, real, operation in operations(schema, world):
        for name in body_fields(schema, operation, "multipart/form-data"):
            for value in (each for each in bad_values("string") if isinstance(each, str) and "\ud800" not in each):
                file = SimpleUploadedFile("new.csv", b"email\nnew@acme.example\n")
                answer = getattr(client, method)(real, {"file": file, name: value}, format="multipart")
                faults += [] if is_foretold(operation, answer) else [(path, name, value, answer.status_code)]

    assert faults == []


def test_no_value_of_a_query_parameter_is_a_fault_of_ours(schema, world, client):
    faults, tried = [], 0

    for method, path, real, operation in operations(schema, world):
        names = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
        for text in BAD_TEXTS if method == "get" and names else []:
            for given, answer in asked(names, partial(look, client, real, text)):
                faults += [] if is_foretold(operation, answer) else [(path, given, text, answer.status_code)]
            tried += len(names)

    assert faults == []
    assert tried > 400


def look(client: Any, path: str, text: str, names: list[str]) -> Any:
    return client.get(path, dict.fromkeys(names, text))


def test_every_query_parameter_that_is_described_is_one_that_is_known(schema, world, client):
    unknown, tried = [], 0

    for method, path, real, operation in operations(schema, world):
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query":
                answer = client.generic(method.upper(), f"{real}?{parameter['name']}=%00")
                said = answer.json() if answer.get("Content-Type", "").endswith("json") else {}
                unknown += [(method, path, parameter["name"])] if said.get("code") == "unknown_parameter" else []
                tried += 1

    assert (unknown, tried > 250) == ([], True)


@pytest.mark.parametrize(
    "body", ['{"\\ud800": 1}', '{"email": "\\ud800"}', '{"email": "a@b.example", "custom": {"\\udfff": "x"}}']
)
def test_half_a_character_is_refused_and_the_refusal_can_be_written(client, body):
    answer = client.post("/api/v1/leads", body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json()["errors"]


@pytest.mark.parametrize("text", ["\ud800", "\u0000"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("segments", {"name": "New", "rules": ...}),
        ("segments/preview", {"rules": ...}),
        ("leads/bulk", {"act": "tag", "tags": ["vip"], "rules": ...}),
        ("tasks", {"title": "New", "kind": "call", "checklist": ...}),
        ("imports", {"rows": [{"email": "a@b.example"}], "mapping": ...}),
    ],
)
def test_what_no_text_may_hold_is_refused_deep_in_a_field_too(client, path, body, text):
    field = next(name for name, value in body.items() if value is ...)
    deep = {"groups": [{"rules": [{"field": "title", "operator": "is", "value": [text]}]}]}

    answer = client.post(f"/api/v1/{path}", json.dumps({**body, field: deep}), content_type="application/json")

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, f"/{field}")
