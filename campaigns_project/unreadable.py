"""Requests whose head says what cannot be: `charset=base64`, a content type without end.

Django reads the head while it makes its request of it, before anything of it would turn an error into an answer: the
connection would end with an empty 500. Whatever else goes wrong is answered inside and does not come this far, but
for a charset by which nothing but the body would be read: whoever reads a body takes it for one of texts.
"""

import codecs
import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.utils.http import parse_header_parameters

from campaigns_project.problem import refuse_early

logger = logging.getLogger(__name__)

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Readable:
    """A WSGI application that is asked what can be read; the rest is refused with 400."""

    def __init__(self, application: Application):
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            _require_text(environ.get("CONTENT_TYPE", ""))
            return self._application(environ, start_response)
        except (BadRequest, SuspiciousOperation, LookupError, ValueError) as error:
            logger.warning("a request that cannot be read was refused: %s", type(error).__name__)
            return _refusal(environ, start_response)


def _require_text(content_type: str) -> None:
    """LookupError or ValueError for a charset by which no text is written, such as zlib; one nobody knows is UTF-8."""
    charset = parse_header_parameters(content_type)[1].get("charset") if "charset" in content_type.lower() else None
    if charset is None:
        return
    try:
        codecs.lookup(charset)
    except LookupError:
        return
    " ".encode(charset)


def _refusal(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    said = "The head of the request cannot be read: look at its Content-Type and the charset in it."
    return refuse_early(environ, start_response, HTTPStatus.BAD_REQUEST, "bad_request", said)
