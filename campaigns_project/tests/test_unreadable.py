"""Heads of requests that Django cannot make a request of."""

import json
from typing import Any

import pytest
from django.core.wsgi import get_wsgi_application

from campaigns_project.tests.rest.clients import key_client
from campaigns_project.unreadable import Readable

pytestmark = pytest.mark.django_db

FORM = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n'


def asked(rf, query: str = "", **head: str) -> tuple[str, bytes]:
    """The status, and what is said, to somebody without a key."""
    return answered({**rf.get(f"/api/v1/me?{query}").environ, **head})


def answered(environ: dict[str, Any]) -> tuple[str, bytes]:
    statuses = list[str]()
    answer = Readable(get_wsgi_application())(environ, lambda status, _headers: statuses.append(status))
    return statuses[0], b"".join(answer)


@pytest.mark.parametrize("charset", ["base64", "rot13", "zlib", "hex", "undefined", "idna"])
def test_a_charset_that_is_none_of_texts_is_refused(rf, charset):
    status, said = asked(rf, "q=gr%C3%BCn", CONTENT_TYPE=f"application/json; charset={charset}")

    assert (status, json.loads(said)["code"]) == ("400 Bad Request", "bad_request")


@pytest.mark.parametrize("charset", ["rot13", '"zlib"', "undefined", "x\x00y"])
@pytest.mark.parametrize(
    ("address", "kind", "body"),
    [
        ("/api/v1/tags", "application/json", b'{"name": "vip"}'),
        ("/api/v1/imports", "multipart/form-data; boundary=x", FORM),
        ("/admin/login/", "multipart/form-data; boundary=x", FORM),
    ],
)
def test_so_is_one_by_which_only_a_body_would_be_read(rf, address, kind, body, charset):
    request = rf.post(address, body, content_type="application/json")
    key = key_client()._credentials["HTTP_AUTHORIZATION"]

    status, said = answered(
        {**request.environ, "CONTENT_TYPE": f"{kind}; charset={charset}", "HTTP_AUTHORIZATION": key}
    )

    assert (status, json.loads(said)["code"]) == ("400 Bad Request", "bad_request")


def test_a_content_type_that_is_too_long_to_be_meant_is_refused(rf):
    status, said = asked(rf, CONTENT_TYPE="application/json; a=" + "x" * 20_000)

    assert (status, json.loads(said)["code"]) == ("400 Bad Request", "bad_request")


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "a/b; charset=no-such", ";;"])
def test_what_can_be_read_is_answered_as_ever(rf, kind):
    status, _said = asked(rf, CONTENT_TYPE=kind)

    assert status == "401 Unauthorized"
