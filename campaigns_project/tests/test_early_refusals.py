"""What is refused before Django sees it is answered like anything else."""

import io
import json
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections

from campaigns import tokens
from campaigns.tests.factories import MessageFactory
from campaigns.tokens import Purpose
from campaigns_project.tests.rest.clients import key_client
from campaigns_project.unmeasured import Measured
from campaigns_project.unreadable import Readable
from leads.models import LeadImport, Suppression, Tag

pytestmark = pytest.mark.django_db

TOO_MUCH = {"CONTENT_LENGTH": "11", "CONTENT_TYPE": "application/json"}
NO_TEXT = {"CONTENT_LENGTH": "2", "CONTENT_TYPE": "application/json; charset=zlib"}
INSIDE = {"CONTENT_LENGTH": "2", "CONTENT_TYPE": "application/json"}


def answered(rf, **head: str) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Status, headers and problem, to a POST by somebody without a key."""
    seen: list[Any] = []
    path = "/api/v1/grün".encode().decode("latin-1")  # as WSGI has it
    body = io.BytesIO(b"{}" + b" " * 9)
    environ = {**rf.post("/").environ, "PATH_INFO": path, "wsgi.input": body, **head}
    application = Measured(Readable(get_wsgi_application()), most=10)
    said = b"".join(application(environ, lambda status, headers: seen.extend([status, dict(headers)])))
    return seen[0], seen[1], json.loads(said)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (TOO_MUCH, "413 "),
        ({"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}, "413 "),
        (NO_TEXT, "400 "),
        (INSIDE, "404 "),
    ],
)
@pytest.mark.parametrize(("given", "is_taken"), [("ticket-4137", True), ("a b", False), ("x" * 65, False), ("", False)])
def test_whoever_refuses_says_it_in_one_shape_and_under_an_id(rf, head, status, given, is_taken):
    line, headers, said = answered(rf, **head, HTTP_X_REQUEST_ID=given)

    assert line.startswith(status)
    assert (headers["Content-Type"], headers["Cache-Control"]) == ("application/problem+json", "no-store")
    assert said["request_id"] == headers["X-Request-ID"]
    assert (said["request_id"] == given) is is_taken
    assert (said["instance"], said["status"]) == ("/api/v1/grün", int(line[:3]))
    assert {"type", "title", "code", "detail"} <= set(said)


FORM = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nemail\na@acme.example\n'
IN_A_FORM = "multipart/form-data; boundary=x"


@pytest.fixture
def _inside_the_test():
    """Requests in the test's own transaction, as Django's test client has them: none closes its connection."""
    ends = (request_started, request_finished)
    for each in ends:
        each.disconnect(close_old_connections)
    yield
    for each in ends:
        each.connect(close_old_connections)


@pytest.mark.usefixtures("_inside_the_test")
@pytest.mark.parametrize(
    ("path", "kind", "came", "head"),
    [
        ("tags", "application/json", b'{"name": "new"}', {"CONTENT_LENGTH": "50"}),
        ("imports", IN_A_FORM, FORM, {"CONTENT_LENGTH": "5000"}),
        ("imports", IN_A_FORM, FORM, {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}),
    ],
)
def test_half_of_a_body_is_not_taken_for_the_whole(rf, path, kind, came, head):
    key = key_client()._credentials["HTTP_AUTHORIZATION"]
    about = {"CONTENT_TYPE": kind, "HTTP_AUTHORIZATION": key, "PATH_INFO": f"/api/v1/{path}"}
    seen: list[str] = []
    environ = {**rf.post("/").environ, **about, "wsgi.input": io.BytesIO(came), **head}

    answer = Measured(Readable(get_wsgi_application()))(environ, lambda status, _: seen.append(status))
    said = json.loads(b"".join(answer))
    answer.close()

    assert (seen[0][:4], said["code"]) == ("400 ", "body_incomplete")
    assert (Tag.objects.count(), LeadImport.objects.count()) == (0, 0)


@pytest.mark.usefixtures("_inside_the_test")
@pytest.mark.parametrize(
    ("head", "status"),
    [
        ({"CONTENT_TYPE": IN_A_FORM, "CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}, "200 "),
        ({"CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": "5000"}, "200 "),
        # No head at all could be read; nobody's fault of ours.
        ({"CONTENT_TYPE": "multipart/form-data; boundary*=no''a%41", "HTTP_TRANSFER_ENCODING": "chunked"}, "400 "),
    ],
)
def test_whoever_opts_out_has_done_so_whatever_became_of_the_body(rf, head, status):
    message = MessageFactory()
    token = tokens.sign(Purpose.UNSUBSCRIBE, message.pk, message.recipient.lead_id)
    about = {"PATH_INFO": f"/t/{token}/unsubscribe", "wsgi.input": io.BytesIO(FORM), "CONTENT_LENGTH": ""}
    seen: list[str] = []

    application = Measured(Readable(get_wsgi_application()))
    answer = application({**rf.post("/").environ, **about, **head}, lambda status, _: seen.append(status))
    b"".join(answer)
    answer.close()

    assert (seen[0][:4], Suppression.objects.count()) == (status, status == "200 ")
