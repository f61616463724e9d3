"""A report taken apart into its events, each of which can be read, put aside and tried again by itself."""

import json
import math
from collections.abc import Sequence
from hashlib import sha256
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlencode

from django.core.handlers.wsgi import WSGIRequest

from tracking.inbound import library
from tracking.models import InboundWebhook

_LISTED = frozenset({"sendgrid", "sparkpost", "mandrill"})  # those that send a list, even of one
_FORM = "application/x-www-form-urlencoded"
LONGEST_ID = 150  # characters of a service's own id


def parts_of(row: InboundWebhook) -> Sequence[Any]:
    """The events of a report as the service wrote them. ValueError for what is no report."""
    if row.event is not None:
        return [row.event]
    is_form = row.service == "mandrill"
    content = parse_qs(row.body).get("mandrill_events", [""])[0] if is_form else row.body
    try:
        found = _storable(json.loads(content))
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return found if isinstance(found, list) else [found]


def events_of(row: InboundWebhook, part: Any) -> list[Any]:
    """The events that one part of a report holds, mostly one, in the words of the library."""
    return library.events_in(row.service, _request(row, part))


def own_id(row: InboundWebhook, part: Any, event: Any, place: int) -> str:
    """What tells an event from all others of its sender: the service's own number for it, else what it says."""
    given = event.event_id
    if row.service == "mailgun" and isinstance(part, dict):
        given = None  # its token may change when the same is sent again
        part = part.get("event-data")
    told = str(given) if given else f"#{digest_of(part)}"
    if len(told) > LONGEST_ID or "\x00" in told:
        told = f"#{digest_of(told)}"
    # One notice of several bounces has one number.
    return f"{row.sender_id}:{told}:{place}" if place else f"{row.sender_id}:{told}"


def digest_of(part: Any) -> str:
    """The same for the same content, however it is spaced and ordered."""
    return sha256(json.dumps(part, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _storable(content: Any) -> Any:
    """`content` without what Postgres takes in no JSON: NUL, half characters, and numbers that are none."""
    if isinstance(content, str):
        return content.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
    if isinstance(content, float):
        return content if math.isfinite(content) else str(content)
    if isinstance(content, dict):
        return {_storable(name): _storable(value) for name, value in content.items()}
    return [_storable(each) for each in content] if isinstance(content, list) else content


def _request(row: InboundWebhook, part: Any) -> WSGIRequest:
    """The request that would have brought this part alone; the library reads requests and nothing else."""
    content = json.dumps([part] if row.service in _LISTED else part)
    is_form = row.service == "mandrill"
    body = urlencode({"mandrill_events": content}).encode() if is_form else content.encode()
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in row.headers.items()}
    return WSGIRequest(
        {
            **headers,
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/",
            "CONTENT_TYPE": _FORM if is_form else "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(body),
        }
    )
