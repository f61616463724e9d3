"""Errors of the API as `application/problem+json` (RFC 9457): a code for programs, a sentence for people."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from http import HTTPStatus
from typing import Any

from django.core.exceptions import (
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import Error as DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from campaigns_project.errors import Refused
from campaigns_project.faults import fault_of, gave_way, is_duplicate, made_meanwhile
from campaigns_project.problem import CONTENT_TYPE, NOT_KEPT, members
from campaigns_project.unmeasured import BrokenOff

logger = logging.getLogger(__name__)

ALMOST = 0.8  # how alike two names are when one is a slip of the other; 1 is the same
_OURS = {"unique": "not_unique"}  # of DRF's codes: what means the same has one code, whoever found it
_TOLD = frozenset({"unknown_parameter", "unknown_field", "invalid_cursor", "not_unique"})  # of what is invalid


class UnknownParameter(exceptions.ValidationError):
    """A query parameter or body field that means nothing here: a typing error must not mean "all"."""

    default_code = "unknown_parameter"

    def __init__(self, name: str, known: Iterable[str], *, in_query: bool = False):
        names = sorted(known)
        kind = "query parameter" if in_query else "field"
        self._say(f"?{name}" if in_query else name, f"There is no {kind} “{name[:100]}” here. {_guess(name, names)}")

    @classmethod
    def read_only(cls, name: str) -> "UnknownParameter":
        """For a field that is shown but never taken."""
        refusal = cls(name, ())
        refusal._say(name, f"“{name}” is read-only: the system keeps it. Leave it out.")
        return refusal

    def _say(self, name: str, sentence: str) -> None:
        super().__init__({name[:100]: [exceptions.ErrorDetail(sentence, self.default_code)]})


class UnknownFields(exceptions.ValidationError):
    """Query parameters name, by parameter, a field that rows here do not have."""

    default_code = "unknown_field"

    def __init__(self, named: Mapping[str, str], known: Iterable[str]):
        names = sorted(known)
        said = {each: f"There is no field “{name[:100]}” here. {_guess(name, names)}" for each, name in named.items()}
        code = self.default_code
        super().__init__({f"?{each}": [exceptions.ErrorDetail(sentence, code)] for each, sentence in said.items()})


def _guess(name: str, known: list[str]) -> str:
    """What may have been meant: the one that is as good as the same, all that begin alike, or the nearest."""
    begins = name.partition("_")[0]
    same = get_close_matches(name, known, n=1, cutoff=ALMOST)
    alike = [each for each in known if each == begins or each.startswith(f"{begins}__")] if begins != name else []
    meant = same or alike or get_close_matches(name, known, n=1)
    if meant:
        return f"Did you mean {' or '.join(meant)}?"
    return f"Known here: {', '.join(known) or 'none'}."


class TooLarge(exceptions.APIException):
    """A body longer than this address takes."""

    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler; None (a 500, logged by Django) for what is a bug of ours."""
    request = context["request"]
    if isinstance(error, Refused):
        set_rollback()
        return _refused(request, error)
    fault = fault_of(error) or gave_way(error) if isinstance(error, DatabaseError) else None
    if fault is not None:
        set_rollback()
        logger.error("%s: %s", fault.code, error, extra={"request_id": getattr(request, "request_id", "")})
        return _refused(request, fault)
    if is_duplicate(error):
        set_rollback()
        return _refused(request, made_meanwhile())
    answered = exception_handler(error, context)
    if answered is None:
        return None
    response = _answer(request, answered.status_code, **_describe(error, answered))
    for header in ("WWW-Authenticate", "Retry-After", "Allow"):
        if header in answered.headers:
            response[header] = answered.headers[header]
    return response


@csrf_exempt  # it changes nothing; without this a POST to a wrong address would get Django's CSRF page
def not_found(request: HttpRequest, *_args: Any, **_kwargs: Any) -> JsonResponse:
    """Answers an address of the API that does not exist."""
    hint = "Addresses of the API have no slash at the end." if request.path.endswith("/") else ""
    return problem(request, 404, "not_found", "There is nothing at this address.", hint=hint)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler400`: what Django refuses before a view sees it, such as an unknown host."""
    if not request.path.startswith("/api/"):
        title, sentence = _unacceptable(exception)
        # An address that is not ours leads to no page of ours.
        is_admin = request.path.startswith("/admin/") and not isinstance(exception, DisallowedHost)
        known = {"title": title, "sentence": sentence, **_known(request), "is_admin": is_admin}
        return HttpResponse(render_to_string("400.html", known), status=400)
    if isinstance(exception, BrokenOff):
        return problem(request, 400, exception.code, exception.sentence)
    return problem(request, 400, "bad_request", "The request is malformed, or names a host that is not ours.")


def server_error(request: HttpRequest) -> HttpResponse:
    """`handler500`: says that it is our fault and under which id the log has it, and nothing of what happened."""
    if not request.path.startswith("/api/"):
        # Without the request: what the frame of a page asks of the database may be what went wrong.
        return HttpResponse(render_to_string("500.html", _known(request)), status=500)
    return problem(request, 500, "internal_error", "This is a fault of ours. The log has it under the request id.")


def problem(request: HttpRequest, status_code: int, code: str, detail: str, **more: Any) -> JsonResponse:
    """A problem as the answer of a view that is not DRF's; `more` are further members, `hint` among them."""
    body = _body(request, status_code, code, detail, **more)
    return JsonResponse(body, status=status_code, content_type=CONTENT_TYPE, headers=NOT_KEPT)


def _unacceptable(exception: Exception) -> tuple[str, str]:
    """What was wrong with a request to a page, in a title and a sentence that says what to do."""
    if isinstance(exception, DisallowedHost):
        return (
            "Not known by this address",
            "This installation does not answer to the name in your browser's address line. Open it by the name you "
            "were given; whoever runs it can let it answer to this one as well (ALLOWED_HOSTS).",
        )
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent):
        return (
            "Too much at once",
            "It sent more than is taken at once. Nothing was changed. Go back and send less.",
        )
    return (
        "Not understood",
        "What came from your browser cannot be read. Nothing was changed. Go back, load the page again, and try once "
        "more.",
    )


def _known(request: HttpRequest) -> dict[str, Any]:
    """What the page of an error says besides its words."""
    return {"request_id": getattr(request, "request_id", ""), "is_admin": request.path.startswith("/admin/")}


def _describe(error: Exception, answered: Response) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        errors = list(_flatten(error.get_full_details(), ""))
        codes = {item["code"] for item in errors}
        code = codes.pop() if len(codes) == 1 else "invalid"
        return {
            "code": code if code in _TOLD else "invalid",
            "detail": " ".join(_sentence(item) for item in errors[:5]),
            "errors": errors,
        }
    if isinstance(error, Http404 | exceptions.NotFound):
        return {"code": "not_found", "detail": "There is no such thing here, or it belongs to another organization."}
    if isinstance(error, PermissionDenied):
        return {"code": "permission_denied", "detail": str(error) or "This is not allowed."}
    code = getattr(error, "get_codes", lambda: "error")()
    return {"code": code if isinstance(code, str) else "error", "detail": str(getattr(error, "detail", error))}


def _sentence(item: dict[str, str]) -> str:
    """The sentence with the field it is about, which those of DRF do not name."""
    field = item["pointer"].lstrip("/?")
    is_named = not field or f"“{field}”" in item["detail"]
    return item["detail"] if is_named else f"{field}: {item['detail']}"


def _flatten(node: Any, pointer: str) -> Iterator[dict[str, str]]:
    """`{"message", "code"}` leaves of DRF's nested details, with a JSON pointer (or ?name) to what each is about."""
    if isinstance(node, dict) and set(node) == {"message", "code"}:
        yield {"pointer": pointer, "code": _OURS.get(node["code"], str(node["code"])), "detail": str(node["message"])}
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _flatten(value, _step(pointer, str(key)))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            is_leaf = isinstance(value, dict) and set(value) == {"message", "code"}
            yield from _flatten(value, pointer if is_leaf else f"{pointer}/{index}")


def _step(pointer: str, key: str) -> str:
    if key == "non_field_errors":
        return pointer
    if key.startswith("?"):
        return key
    return f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"  # RFC 6901 section 3


def _refused(request: Any, refusal: Refused) -> Response:
    answer = _answer(request, refusal.status, refusal.code, refusal.message, hint=refusal.hint, **refusal.details)
    if "retry_after" in refusal.details:
        answer["Retry-After"] = refusal.details["retry_after"]
    return answer


def _answer(request: Any, status_code: int, code: str, detail: str, **more: Any) -> Response:
    # JSON also where the answer would have been something else: the schema is YAML unless JSON is asked for.
    request.accepted_renderer, request.accepted_media_type = JSONRenderer(), CONTENT_TYPE
    return Response(_body(request, status_code, code, detail, **more), status=status_code, content_type=CONTENT_TYPE)


def _body(request: Any, status_code: int, code: str, detail: str, **more: Any) -> dict[str, Any]:
    return members(status_code, code, detail, request.path, getattr(request, "request_id", ""), **more)
