"""The header Idempotency-Key: a request that writes is done once, however often it is sent.

https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header
"""

import hashlib
import logging
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import Error as DatabaseError
from django.http import HttpResponse
from django.utils.datastructures import MultiValueDict
from rest_framework.exceptions import ParseError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from campaigns_project.accounts.api import organization_of_request
from campaigns_project.idempotency.answer import Answer
from campaigns_project.idempotency.asked import Asked, key_of_header
from campaigns_project.idempotency.begin import begin
from campaigns_project.idempotency.settle import settle

logger = logging.getLogger(__name__)

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
# What else a header says is of the request at hand: its id, how old the API is.
KEPT_HEADERS = ("Content-Type", "Location", "Link", "ETag")
FAULT = Answer(500, {}, None)


class _AnsweredBefore(Exception):
    """Leaves `initial` past the handler: there is nothing to do any more."""

    def __init__(self, answer: Answer):
        super().__init__()
        self.answer = answer


class DoneOnce(APIView):
    """A view whose unsafe methods take the header. `begin_once` is the last that `initial` does."""

    _number: int | None = None

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            response = super().dispatch(request, *args, **kwargs)
            if self._number is not None and isinstance(response, Response):
                response.render()  # now, and not after us: what cannot be written is a fault and no answer
        except Exception:
            self._settle(FAULT)
            raise
        self._settle(_answer_of(response))
        return response

    def begin_once(self, request: Request) -> None:
        """Take the key for what is about to be done; an exception where there is nothing to do, or it is refused.

        Whoever comes this far is let in and may do it, and what is wrong with the body's form has been refused.
        """
        given = request.headers.get(HEADER)
        if given is None or request.method in SAFE_METHODS or request.method not in self.allowed_methods:
            return
        asked = Asked(
            organization_id=organization_of_request(request).pk,
            user_id=request.user.pk,  # type: ignore[arg-type]  # nobody anonymous gets this far
            key=key_of_header(given),
            method=request.method or "",
            path=request.path,
            content=[sorted(request.query_params.lists()), _content(request.data)],
            request_id=getattr(request, "request_id", ""),
        )
        try:
            found = begin(asked)
        except RecursionError:
            raise ParseError("JSON parse error - it is nested too deeply") from None
        if isinstance(found, Answer):
            raise _AnsweredBefore(found)
        self._number = found

    def check_key(self, request: Request) -> None:
        """Refuse a key that is none, and take no other: for what is only tried."""
        if HEADER in request.headers:
            key_of_header(request.headers[HEADER])

    def handle_exception(self, exc: Exception) -> Any:
        return _again(exc.answer) if isinstance(exc, _AnsweredBefore) else super().handle_exception(exc)

    def _settle(self, answer: Answer) -> None:
        if self._number is None:
            return
        try:
            settle(self._number, answer)
        except DatabaseError:
            # What was done is done, and is to be told. Who asks again is told what the audit log knows of it.
            logger.exception("The answer to a request with an Idempotency-Key could not be kept.")


def _content(data: Any) -> Any:
    """The body as it was understood: a form that is sent again has another boundary, an object another order."""
    if isinstance(data, MultiValueDict):
        return ["form", sorted([name, [_part(each) for each in parts]] for name, parts in data.lists())]
    return ["bytes", hashlib.sha256(data).hexdigest()] if isinstance(data, bytes) else ["json", data]


def _part(value: Any) -> Any:
    """A field of a form; of a file, which may lie on the disk, a hash that was made piece by piece."""
    if not isinstance(value, UploadedFile):
        return str(value)
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return ["file", value.name, digest.hexdigest()]


def _answer_of(response: Any) -> Answer:
    """What is to be kept: files are not, which are made anew by whoever asks anew."""
    headers = {name: response[name] for name in KEPT_HEADERS if name in response}
    body = response.content.decode() if isinstance(response, Response) and response.is_rendered else None
    return Answer(response.status_code, headers, body)


def _again(answer: Answer) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status, headers={**answer.headers, REPLAYED: "true"})
    if "Content-Type" not in answer.headers:
        del response["Content-Type"]
    return response
