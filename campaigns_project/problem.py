"""What a refusal of the web says (RFC 9457), given by a view, by Django's handlers or before Django."""

import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from campaigns_project import request_id

CONTENT_TYPE = "application/problem+json"
NOT_KEPT = {"Cache-Control": "no-store"}  # no proxy or browser keeps a copy
TITLES = {
    400: "The request cannot be accepted",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "The present state does not allow this",
    412: "A condition does not hold",
    413: "Too large",
    415: "Unsupported media type",
    422: "The key was sent with another request",
    429: "Too many requests",
    500: "A fault of ours",
    503: "Not available now",
}
HINTS = {
    401: "Send “Authorization: Bearer KEY”. An owner makes a key in the admin under API keys, or with: "
    "manage.py create_api_key --organization SLUG --name NAME --role operator",
    404: "GET /api/docs/ shows what there is; lists show what your organization has.",
    405: "The header Allow names the methods of this address.",
    415: "Send the body as application/json; a file for an import as multipart/form-data.",
    429: "Wait as many seconds as the header Retry-After says, then go on; nothing was changed.",
}


def members(
    status: int, code: str, detail: str, instance: str, request_id: str, /, *, hint: str = "", **more: Any
) -> dict[str, Any]:
    """The members of a problem; `more` are further ones, that may not take the place of these."""
    said = {
        "type": f"urn:fairlead:problem:{code}",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "code": code,
        "detail": detail,
        "hint": hint or HINTS.get(status, ""),
        "instance": instance,
        "request_id": request_id,
    }
    given = {key: value for key, value in said.items() if value != ""}
    return _sound({**given, **{key: value for key, value in more.items() if key not in said}})


def refuse_early(
    environ: dict[str, Any], start_response: Callable[..., Any], status: HTTPStatus, code: str, detail: str
) -> Iterable[bytes]:
    """The answer of a WSGI application to a request that Django is not to see."""
    named = request_id.request_id_of(environ.get("HTTP_X_REQUEST_ID", ""))
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    said = path.encode("latin-1", "replace").decode(errors="replace")  # WSGI has bytes as Latin-1
    body = json.dumps(members(status.value, code, detail, said, named)).encode()
    headers = {
        "Content-Type": CONTENT_TYPE,
        "Content-Length": str(len(body)),
        request_id.HEADER: named,
        **NOT_KEPT,
    }
    start_response(f"{status.value} {status.phrase}", list(headers.items()))
    return [body]


def _sound(value: Any) -> Any:
    """Without the lone surrogates that JSON can bring in and an answer that repeats them could not be written with."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_sound(key): _sound(each) for key, each in value.items()}
    return [_sound(each) for each in value] if isinstance(value, list | tuple) else value
