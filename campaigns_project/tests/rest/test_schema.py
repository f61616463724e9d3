"""The OpenAPI document: without a warning, and with what every operation owes its reader."""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from drf_spectacular import validation
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator
from jsonschema_specifications import REGISTRY
from referencing import Resource

from campaigns_project.rest.schema import OF_A_DRY_RUN
from campaigns_project.tests.rest.answers import described

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def operations() -> dict[str, dict[str, Any]]:
    schema = described()
    return {
        f"{method} {path}": operation
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }


def test_the_schema_is_made_without_a_warning():
    call_command("spectacular", fail_on_warn=True, stdout=StringIO())


def test_the_schema_is_one_of_openapi():
    """By the specification that drf-spectacular brings, as `spectacular --validate` does in ten times as long."""
    specification = json.loads(Path(validation.__file__).with_name("openapi_3_1_schema.json").read_text())
    known = REGISTRY.with_resource(specification["$id"], Resource.from_contents(specification)).crawl()

    faults = Draft202012Validator({"$ref": specification["$id"]}, registry=known).iter_errors(described())

    assert described()["openapi"].startswith("3.1")
    assert [(error.json_path, error.message) for error in faults] == []


def test_every_operation_has_a_summary_and_a_tag(operations):
    bare = [name for name, operation in operations.items() if not operation.get("summary") or not operation.get("tags")]

    assert bare == []


def test_every_operation_describes_its_answer_and_its_errors(operations):
    bare = []
    for name, operation in operations.items():
        good = [code for code in operation["responses"] if code.startswith("2")]
        described = all(operation["responses"][code].get("content") or code == "204" for code in good)
        errors = {code for code in operation["responses"] if code.startswith("4")}
        if not good or not described or not {"400", "401", "403", "429"} <= errors:
            bare.append(name)

    assert bare == []


def test_every_parameter_is_described(operations):
    bare = [
        (name, parameter["name"])
        for name, operation in operations.items()
        for parameter in operation.get("parameters", [])
        if not parameter.get("description")
    ]

    assert bare == []


def test_what_is_refused_of_a_parameter_is_not_said_to_be_good(operations):
    least = {"integer": "minimum", "string": "minLength", "array": "minItems"}
    loose = [
        (name, parameter["name"])
        for name, operation in operations.items()
        for parameter in operation.get("parameters", [])
        if parameter["name"] != "q" and parameter["schema"]["type"] != "boolean"
        if not {least.get(parameter["schema"]["type"]), "enum", "format"} & set(parameter["schema"])
    ]

    assert loose == []


def test_a_number_that_is_the_id_of_an_answer_is_one_in_its_address(operations):
    texts = [
        (name, parameter["name"])
        for name, operation in operations.items()
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "path" and "campaign ID" not in parameter["description"]
        if parameter["schema"] != {"type": "integer", "format": "int64", "minimum": 1}
    ]

    assert texts == []


@pytest.mark.parametrize("row", ["Campaign", "Lead", "Note", "Sender", "Step", "Task", "WebhookEndpoint"])
def test_an_answer_has_every_field_of_its_row_also_those_that_a_request_may_leave_out(row):
    component = described()["components"]["schemas"][row]

    assert component["required"] == sorted(component["properties"])


def test_a_body_says_that_it_takes_no_other_fields(operations):
    bodies = {
        content["schema"]["$ref"].rpartition("/")[2]
        for operation in operations.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
        if "$ref" in content["schema"]
    }
    components = described()["components"]["schemas"]

    assert [name for name in sorted(bodies) if components[name].get("additionalProperties") is not False] == []
    assert len(bodies) > 60


def test_whole_numbers_without_a_bound_below_it_are_of_64_bits():
    narrow = [
        f"{name}.{field}"
        for name, component in described()["components"]["schemas"].items()
        for field, known in component.get("properties", {}).items()
        if "integer" in known.get("type", "") and known.get("maximum", 2**63) >= 2**31 and "format" not in known
    ]

    assert narrow == []


def test_every_error_is_a_problem(operations):
    kinds = {
        kind
        for operation in operations.values()
        for code, answer in operation["responses"].items()
        if code.startswith("4")
        for kind in answer["content"]
    }

    assert kinds == {"application/problem+json"}


def test_no_operation_shows_a_password(operations):
    schema = described()
    showing = [
        name
        for name, component in schema["components"]["schemas"].items()
        if "password" in component.get("properties", {}) and not name.endswith("Request")
    ]

    assert showing == []


@pytest.mark.django_db
def test_docs_and_schema_open_without_a_key_and_load_nothing_from_elsewhere(client):
    page = client.get("/api/docs/")
    script = client.get("/api/docs/?script=")
    schema = client.get("/api/v1/schema/")

    assert (page.status_code, schema.status_code) == (200, 200)
    assert b"//cdn" not in page.content + script.content
    assert b'src="http' not in page.content
    assert "script-src 'self'" in page["Content-Security-Policy"]
    assert "unsafe" not in page["Content-Security-Policy"].partition("script-src")[2].partition(";")[0]


@pytest.mark.django_db
def test_the_document_is_made_once_for_everybody_and_not_for_each(client, monkeypatch):
    made = described()
    first = client.get("/api/v1/schema/", headers={"Accept": "application/json"})
    monkeypatch.setattr(SchemaGenerator, "get_schema", None)

    again = client.get("/api/v1/schema/", headers={"Accept": "application/json"})

    assert (again.content, again["Content-Type"]) == (first.content, "application/json")
    assert set(again.json()["paths"]) == set(made["paths"])


def test_whoever_reads_the_document_with_other_tools_finds_what_they_ask_for():
    """Where it is served, who signs what we send, no part that nothing names, and of kept JSON what it is."""
    document = described()
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    rows = ("AuditLog before", "Event event_data", "Import mapping", "ImportProblem row", "Job result")
    schemas = document["components"]["schemas"]

    assert [server["url"] for server in document["servers"]] == ["/"]
    assert document["webhooks"]["event"]["post"]["security"] == []
    assert set(schemas) - names == set()
    assert [row for row in rows if "type" not in schemas[row.split()[0]]["properties"][row.split()[1]]] == []
    assert "oneOf" not in json.dumps(schemas["LeadRequest"])  # of an empty text both would be so, and thus neither


def test_every_operation_asks_for_a_key(operations):
    open_to_all = [name for name, operation in operations.items() if operation.get("security") != [{"key": []}]]

    assert open_to_all == []


def test_every_operation_that_writes_takes_an_idempotency_key_and_says_how_it_refuses_one(operations):
    for name, operation in operations.items():
        headers = {each["name"] for each in operation.get("parameters", []) if each["in"] == "header"}
        if name.startswith("get "):
            assert "Idempotency-Key" not in headers, name
            continue
        assert "Idempotency-Key" in headers, name
        assert {"400", "409", "422"} <= set(operation["responses"]), name
        answers = [answer for code, answer in operation["responses"].items() if code.startswith("2")]
        done = [answer for answer in answers if answer["description"] != OF_A_DRY_RUN]
        assert all("Idempotency-Replayed" in answer["headers"] for answer in done), name
