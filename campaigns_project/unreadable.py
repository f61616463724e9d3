"""Requests whose head says what cannot be: `charset=base64`, a content type without end.

Django reads the head while it makes its request of it, before anything of it would turn an error into an answer: the
connection would end with an empty 500. Whatever else goes wrong is answered inside and does not come this far.
"""

import json
import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation

logger = logging.getLogger(__name__)

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Readable:
    """A WSGI application that is asked what can be read; the rest is refused with 400."""

    def __init__(self, application: Application):
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            return self._application(environ, start_response)
        except (BadRequest, SuspiciousOperation, LookupError, ValueError) as error:
            logger.warning("a request that cannot be read was refused: %s", type(error).__name__)
            return _refusal(start_response)


def _refusal(start_response: Callable[..., Any]) -> Iterable[bytes]:
    status = HTTPStatus.BAD_REQUEST
    said = {
        "type": "urn:fairlead:problem:bad_request",
        "title": "The request cannot be accepted",
        "status": status.value,
        "code": "bad_request",
        "detail": "The head of the request cannot be read: look at its Content-Type and the charset in it.",
    }
    start_response(f"{status.value} {status.phrase}", [("Content-Type", "application/problem+json")])
    return [json.dumps(said).encode()]
