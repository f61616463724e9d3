"""Conditional requests (RFC 9110 section 13): nobody overwrites what he has not seen, and what is known is not sent.

An ETag is made of the row as it is answered, and not of its `updated_at`: that would have to be touched by whoever
changes anything that the answer shows, be it a tag of a lead, a wording of a step or the counters of a campaign, and
two changes in one tick of the clock would look alike. It takes no query, since the row was read to be answered.

Counters move while mails go out, and nobody has to have read the last of them to change a name. So a row with some has
an ETag of two parts, "row.live": a reader who asks whether it is still the same is answered of both, and If-Match is
held against the first.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from hashlib import blake2b
from http import HTTPStatus
from typing import Any, ClassVar

from django.db import transaction
from django.utils.http import parse_etags
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder
from rest_framework.views import APIView

from campaigns_project.errors import ConditionNotMet, Refused

IF_MATCH = "If-Match"
IF_NONE_MATCH = "If-None-Match"
TAGS = r'^(\*|(W/)?"[!#-~]*"([ \t]*,[ \t]*(W/)?"[!#-~]*")*)$'  # what both headers hold (RFC 9110 section 8.8.3)
_DIGEST = 10  # bytes: by chance two states of one row never look alike
_WEAK = "W/"


class Conditional(APIView):
    """A view whose single rows have an ETag.

    `shows` are the actions that answer the row as GET does, `guards` those that change it and look at If-Match before
    (any other that gets one refuses it), and `live` the fields that move by themselves.
    """

    shows: ClassVar[frozenset[str]] = frozenset({"retrieve", "create", "partial_update"})
    guards: ClassVar[frozenset[str]] = frozenset({"partial_update", "destroy"})
    live: ClassVar[frozenset[str]] = frozenset()

    def hold(self) -> Any:
        """The row of the address, which nobody else changes before the transaction ends: locked as its edits do it."""
        raise NotImplementedError

    def shown(self, row: Any) -> Any:
        """The row as GET answers it."""
        raise NotImplementedError

    def entity_tag(self, shown: Any) -> str:
        """The ETag of what is answered."""
        moving = {name: shown[name] for name in shown if name in self.live} if isinstance(shown, Mapping) else {}
        if not moving:
            return f'"{_digest(shown)}"'
        return f'"{_digest({name: shown[name] for name in shown if name not in self.live})}.{_digest(moving)}"'

    def guard(self, request: Request) -> None:
        """Have the change that is about to be made refuse what was changed meanwhile: the last that `initial` does."""
        given = {name for name in (IF_MATCH, IF_NONE_MATCH) if name in request.headers}
        is_reading = request.method in SAFE_METHODS
        is_looked_at = getattr(self, "action", "") in (self.shows if is_reading else self.guards)
        for name in given if is_looked_at else ():
            _require_tags(name, request.headers[name])
        if is_reading or not given:
            return
        if is_looked_at:
            method = str(request.method).lower()
            setattr(self, method, partial(self._as_seen, getattr(self, method)))
        elif IF_MATCH in given:
            message = "If-Match is not looked at here: this address has no ETag of its own."
            hint = "Leave it out. PATCH, PUT and DELETE of what has an ETag when it is read take it."
            raise ConditionNotMet("condition_not_taken", message, hint)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if getattr(self, "action", "") in self.shows and _is_a_row(request, response):
            response["ETag"] = self.entity_tag(response.data)
            if request.method in SAFE_METHODS and _is_known(request, response["ETag"]):
                _leave_out(response)
        return response

    def _as_seen(self, handler: Callable[..., Any], request: Request, *args: Any, **kwargs: Any) -> Any:
        # One transaction: between the look and the write nobody comes.
        with transaction.atomic():
            tag = self.entity_tag(self.shown(self.hold()))
            if IF_MATCH in request.headers:
                _require_seen(request.headers[IF_MATCH], tag)
            if IF_NONE_MATCH in request.headers and _is_known(request, tag):
                raise ConditionNotMet("condition_not_met", "This is as If-None-Match says it must not be.")
            return handler(request, *args, **kwargs)


def _digest(value: Any) -> str:
    written = json.dumps(value, cls=JSONEncoder, sort_keys=True, separators=(",", ":"))
    return blake2b(written.encode(), digest_size=_DIGEST).hexdigest()


def _require_tags(name: str, header: str) -> None:
    if not re.match(TAGS, header.strip(" \t")):
        message = f"The header {name} holds no ETag: they are in quotation marks, as GET answers them."
        raise Refused("etag_malformed", message, "Send the ETag as it was answered.")


def _is_a_row(request: Request, response: Any) -> bool:
    # A POST that answers anything else than what it made, such as a job, answers no row of this address.
    good = {HTTPStatus.CREATED} if request.method == "POST" else {HTTPStatus.OK}
    return isinstance(response, Response) and response.status_code in good


def _is_known(request: Request, tag: str) -> bool:
    given = parse_etags(request.headers.get(IF_NONE_MATCH, ""))
    return "*" in given or tag in {each.removeprefix(_WEAK) for each in given}


def _leave_out(response: Response) -> None:
    """Make a 304 of it, with the headers it has and the length that the body would have had (RFC 9110 section 8.6)."""
    response.render()
    response["Content-Length"] = str(len(response.content))
    response.status_code = HTTPStatus.NOT_MODIFIED
    response.content = b""
    del response["Content-Type"]


def _require_seen(header: str, tag: str) -> None:
    given = parse_etags(header)
    if "*" in given or _row(tag) in {_row(each) for each in given}:
        return
    if all(each.startswith(_WEAK) for each in given):
        weak = "If-Match names a weak ETag (W/…), and none of ours is: something on the way has changed it."
        raise ConditionNotMet("weak_etag", weak, "A proxy that packs answers does so; have it leave those of the API.")
    other = "This was changed since you read it: it is not what If-Match names any more. Nothing was done."
    raise ConditionNotMet(
        "changed_meanwhile", other, "Read it again, and send the change with the ETag of that answer."
    )


def _row(tag: str) -> str:
    """The part of an ETag that says how the row is, whatever has moved by itself."""
    return tag.removesuffix('"').partition(".")[0]
