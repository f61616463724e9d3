"""Bodies that come without a length (`Transfer-Encoding: chunked`, RFC 9112 section 7.1), and those that are too long.

Django reads as many bytes as CONTENT_LENGTH announces: of such a body none, and a request would be taken for one that
asks for nothing in particular. Here its length is found out before Django sees it.

Files in a form are written to the disk before anybody has asked who sends them, so that a form of the login could fill
it: nothing longer than the largest import gets that far.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from typing import Any

from campaigns_project.problem import refuse_early

IN_MEMORY = 2 * 1024 * 1024  # bytes; what is longer goes to a file
MOST_BYTES = 2**30 + 2**24  # the largest file an import takes, and what stands around it in a form
_AT_ONCE = 256 * 1024

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Measured:
    """A WSGI application that sees every body with its length; one of more than `most` bytes is refused with 413."""

    def __init__(self, application: Application, *, most: int = MOST_BYTES):
        self._application = application
        self._most = most

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        announced = environ.get("CONTENT_LENGTH") or ""
        if announced.isdecimal() and int(announced[:20]) > self._most:
            return _too_large(environ, start_response, self._most)
        if not environ.get("HTTP_TRANSFER_ENCODING") or announced:
            return self._application(environ, start_response)
        return self._measured(environ, start_response)

    def _measured(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        # No generator: granian takes the status as it is when this returns, and would answer 200 to everything.
        with ExitStack() as things:
            body = things.enter_context(SpooledTemporaryFile(IN_MEMORY))
            left = self._most + 1
            while left and (read := environ["wsgi.input"].read(min(left, _AT_ONCE))):
                left -= body.write(read)
            if not left:
                return _too_large(environ, start_response, self._most)
            length = body.tell()
            body.seek(0)
            known = {**environ, "wsgi.input": body, "CONTENT_LENGTH": str(length)}
            answer = self._application(known, start_response)
            if hasattr(answer, "close"):
                things.callback(answer.close)
            return _Answer(answer, things.pop_all())


class _Answer:
    """An answer that may read the body until it is closed."""

    def __init__(self, parts: Iterable[bytes], things: ExitStack):
        self._parts = parts
        self._things = things

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)

    def close(self) -> None:
        self._things.close()


def _too_large(environ: dict[str, Any], start_response: Callable[..., Any], most: int) -> Iterable[bytes]:
    said = f"The body is longer than the {most:,} bytes that are taken. Send it in parts."
    return refuse_early(environ, start_response, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", said)
