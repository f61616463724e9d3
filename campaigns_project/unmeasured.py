"""Bodies that come without a length (`Transfer-Encoding: chunked`, RFC 9112 section 7.1), too long, or not whole.

Django reads as many bytes as CONTENT_LENGTH announces: of such a body none, and a request would be taken for one that
asks for nothing in particular. Here its length is found out before Django sees it.

Files in a form are written to the disk before anybody has asked who sends them, so that a form of the login could fill
it: nothing longer than the largest import gets that far.

A connection that breaks in the middle of a body looks to Django like the end of it: half a file would be imported, and
a verb done without what was to be said to it.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.core.exceptions import BadRequest
from django.utils.http import parse_header_parameters

from campaigns_project.problem import refuse_early

IN_MEMORY = 2 * 1024 * 1024  # bytes; what is longer goes to a file
MOST_BYTES = 2**30 + 2**24  # the largest file an import takes, and what stands around it in a form
_AT_ONCE = 256 * 1024
_END_OF_A_FORM = 1024  # bytes from its end, in which its last boundary stands (70 characters at most) and what follows

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class BrokenOff(BadRequest):
    """Less of the body came than was announced."""

    code = "body_incomplete"
    sentence = "The body broke off before its end. Nothing was changed; send the request again."


class Measured:
    """A WSGI application that sees every body with its length; one of more than `most` bytes is refused with 413.

    Reading one that ends too early raises BrokenOff. Of one without a length only a form shows whether it is whole.
    """

    def __init__(self, application: Application, *, most: int = MOST_BYTES):
        self._application = application
        self._most = most

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        announced = environ.get("CONTENT_LENGTH") or ""
        if announced.isdecimal() and int(announced[:20]) > self._most:
            return _too_large(environ, start_response, self._most)
        if announced.isdecimal():
            environ = {**environ, "wsgi.input": _Announced(environ["wsgi.input"], int(announced))}
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
            whole: Any = body
            if _lacks_its_end(environ.get("CONTENT_TYPE", ""), body):
                length += 1  # so that who reads it is told, and who does not care goes on
                whole = _Announced(body, length)
            body.seek(0)
            known = {**environ, "wsgi.input": whole, "CONTENT_LENGTH": str(length)}
            answer = self._application(known, start_response)
            if hasattr(answer, "close"):
                things.callback(answer.close)
            return _Answer(answer, things.pop_all())


class _Announced:
    """The body of a request that says how long it is."""

    def __init__(self, stream: Any, length: int):
        self._stream = stream
        self._left = length

    def read(self, size: int | None = -1) -> bytes:
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        parts = []
        while wanted and (part := self._stream.read(wanted)):
            parts.append(part)
            wanted -= len(part)
            self._left -= len(part)
        if wanted:
            raise BrokenOff(BrokenOff.sentence)
        return b"".join(parts)

    def readline(self, size: int | None = -1) -> bytes:
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        line: bytes = self._stream.readline(wanted)
        self._left -= len(line)
        if len(line) < wanted and not line.endswith(b"\n"):
            raise BrokenOff(BrokenOff.sentence)
        return line


def _lacks_its_end(content_type: str, body: IO[bytes]) -> bool:
    """Whether this is a form with files whose last boundary did not come."""
    try:
        kind, parameters = parse_header_parameters(content_type[:_END_OF_A_FORM])
    except ValueError:
        return False  # refused by whoever reads it
    if kind != "multipart/form-data" or not parameters.get("boundary"):
        return False
    body.seek(max(0, body.tell() - _END_OF_A_FORM))
    return f"--{parameters['boundary']}--".encode() not in body.read()


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
