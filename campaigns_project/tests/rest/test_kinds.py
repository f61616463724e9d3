"""Texts, numbers, true and false in a body of JSON are not taken for each other."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from campaigns_project.tests.rest.answers import described
from campaigns_project.tests.rest.clients import key_client
from campaigns_project.tests.tenancy.addresses import all_addresses

pytestmark = pytest.mark.django_db

OTHERS = {"integer": "5", "string": 5, "boolean": "true", "number": "0.5"}


def of_another_kind(described: dict[str, Any]) -> Any:
    """A value that the field would take if texts and numbers were the same; None where there is none."""
    kinds = described.get("type")
    kinds = [kind for kind in ([kinds] if isinstance(kinds, str) else kinds or []) if kind != "null"]
    if kinds == ["array"]:
        value = of_another_kind(described["items"])
        return None if value is None else [value]
    return OTHERS.get(kinds[0]) if len(kinds) == 1 else None


def of_no_list(described: dict[str, Any]) -> Any:
    """An object for a list of texts or numbers: its names could be taken for them, and `{}` for none."""
    is_plain = described.get("type") == "array" and "$ref" not in described["items"]
    return {} if is_plain else None


@pytest.mark.parametrize(("other", "least"), [(of_another_kind, 250), (of_no_list, 25)])
def test_no_field_of_any_body_takes_a_value_of_another_kind(world, other, least):
    client = key_client(organization=world.organization)
    schema = described()
    known = {address.route.translate({60: "{", 62: "}"}): address for address in all_addresses()}
    taken, tried = [], 0

    for path, methods in schema["paths"].items():
        real = known[path].filled(**{place: world[known[path].model_of(place)].pk for place in known[path].places})
        for method, operation in methods.items():
            node = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            fields = schema["components"]["schemas"].get(node.get("$ref", "").rpartition("/")[2], {})
            body = {name: other(field) for name, field in fields.get("properties", {}).items()}
            body = {name: value for name, value in body.items() if value is not None}
            if body:
                answer = getattr(client, method)(real, body)
                refused = {each["pointer"].split("/")[1] for each in answer.json().get("errors", [])}
                taken += [(method, path, name, answer.status_code) for name in body if name not in refused]
                tried += len(body)

    assert (taken, tried > least) == ([], True)


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("campaigns", {"name": "A", "daily_limit": "1.000"}, "/daily_limit"),  # a thousand to some, and was 1
        ("campaigns", {"name": "A", "daily_limit": True}, "/daily_limit"),
        ("campaigns", {"name": "A", "sending_days": ["1"]}, "/sending_days/0"),
        ("campaigns", {"name": "A", "track_opens": "no"}, "/track_opens"),
        ("campaigns", {"name": "A", "track_opens": 0}, "/track_opens"),
        ("campaigns", {"name": "A", "plan": 5.9}, "/plan"),
        ("campaigns", {"name": 2026}, "/name"),
        ("leads", {"email": "a@b.example", "phone": 777123456}, "/phone"),  # it began with a zero
        ("leads", {"email": "a@b.example", "custom": {"price": 0.10}}, "/custom/price"),
        ("calendar-items", {"kind": "note", "title": "A", "starts_on": "20261123"}, "/starts_on"),
        ("metrics", {"name": "A", "direction": "up", "cadence": "daily", "target": ""}, "/target"),  # and was null
        ("metric-entries/bulk", {"entries": [{"metric": 1, "date": "2026-11-2", "value": "1_0"}]}, "/entries/0/value"),
    ],
)
def test_a_slip_that_would_change_what_is_meant_is_refused_where_it_stands(path, body, pointer):
    answer = key_client().post(f"/api/v1/{path}", body)

    assert answer.status_code == 400
    assert (pointer, "wrong_kind") in {(each["pointer"], each["code"]) for each in answer.json()["errors"]}


def test_what_other_systems_know_as_a_number_is_taken_where_a_mail_shows_it():
    client = key_client()

    answer = client.post("/api/v1/leads", {"email": "a@b.example", "custom": {"staff": 250, "zip": "01234"}})

    assert answer.json()["custom"] == {"staff": "250", "zip": "01234"}


def test_a_number_without_a_fraction_is_whole_however_it_is_written():
    answer = key_client().post(
        "/api/v1/campaigns", '{"name": "A", "daily_limit": 2e2}', content_type="application/json"
    )

    assert answer.json()["daily_limit"] == 200


def test_a_form_has_texts_alone_and_is_read_as_ever():
    file = SimpleUploadedFile("new.csv", b"\nemail\nnew@acme.example\n")

    options = {"file": file, "header_row": "2", "commit": "false"}
    answer = key_client().post("/api/v1/imports", options, format="multipart")

    assert (answer.status_code, answer.json()["status"]) == (201, "draft")
