"""Whatever a field or parameter is given, the answer is an answer: never a fault of ours.

Generated from the schema, so that every new field is tried as well.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from drf_spectacular.generators import SchemaGenerator
from knox.models import AuthToken

from campaigns_project.tests.rest.clients import KeyClient, key_client
from campaigns_project.tests.tenancy.addresses import all_addresses
from campaigns_project.tests.tenancy.world import World

pytestmark = pytest.mark.django_db

BAD_VALUES = [
    None,
    [],
    {},
    -1,
    10**30,
    1.5,
    "",
    "\u0000",
    "\ud800",
    {"\ud800": "\u0000"},
    [[]],
    "x" * 20_000,
    "0001-01-01T00:00:00+14:00",
    "{{",
]
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


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return SchemaGenerator().get_schema(request=None, public=True)


def operations(schema: dict[str, Any], world: World) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Method, path of the schema, path of a row of the world, description."""
    known = {address.route.translate({60: "{", 62: "}"}): address for address in all_addresses()}
    for path, methods in schema["paths"].items():
        address = known[path]
        real = address.filled(**{place: world[address.model_of(place)].pk for place in address.places})
        for method, operation in methods.items():
            yield method, path, real, operation


def body_fields(schema: dict[str, Any], operation: dict[str, Any], kind: str) -> list[str]:
    node = operation.get("requestBody", {}).get("content", {}).get(kind, {}).get("schema", {})
    if "$ref" in node:
        node = schema["components"]["schemas"][node["$ref"].rpartition("/")[2]]
    return list(node.get("properties", {}))


def test_no_value_of_a_field_is_a_fault_of_ours(schema, world, client):
    faults, tried = [], 0

    for method, path, real, operation in operations(schema, world):
        good = GOOD_BODIES.get(path, {}) if method == "post" else {}
        for name in body_fields(schema, operation, "application/json"):
            for value in BAD_VALUES:
                text = json.dumps({**good, name: value})
                answer = getattr(client, method)(real, text, content_type="application/json")
                faults += [(method, path, name, value)] if answer.status_code >= 500 else []
                tried += 1

    assert faults == []
    assert tried > 1_000


def test_no_option_of_an_import_is_a_fault_of_ours(schema, world, client):
    faults = []

    for method, path, real, operation in operations(schema, world):
        for name in body_fields(schema, operation, "multipart/form-data"):
            for value in (value for value in BAD_VALUES if isinstance(value, str) and "\ud800" not in value):
                file = SimpleUploadedFile("new.csv", b"email\nnew@acme.example\n")
                answer = getattr(client, method)(real, {"file": file, name: value}, format="multipart")
                faults += [(path, name, value)] if answer.status_code >= 500 else []

    assert faults == []


def test_no_value_of_a_query_parameter_is_a_fault_of_ours(schema, world, client):
    faults, tried = [], 0

    for method, path, real, operation in operations(schema, world):
        names = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
        for name in names if method == "get" else []:
            for text in BAD_TEXTS:
                answer = client.get(real, {name: text})
                faults += [(path, name, text)] if answer.status_code >= 500 else []
                tried += 1

    assert faults == []
    assert tried > 400


@pytest.mark.parametrize(
    "body", ['{"\\ud800": 1}', '{"email": "\\ud800"}', '{"email": "a@b.example", "custom": {"\\udfff": "x"}}']
)
def test_half_a_character_is_refused_and_the_refusal_can_be_written(client, body):
    answer = client.post("/api/v1/leads", body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json()["errors"]
