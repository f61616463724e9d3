"""Parts of a page that keep themselves up to date by asking the server every few seconds.

The contract: 204 where nothing changed since the version in `?v=`, so that htmx swaps nothing and a screen reader stays
quiet; 200 with the new fragment, which carries the next version and the interval the server wants; 286, on which htmx
stops asking, with the last one.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

STOP_POLLING = 286  # htmx's own status for “swap this and ask no more”


@dataclass(frozen=True)
class Pulse:
    """What a fragment depends on, as a short version, and after how many seconds to ask again; None: never."""

    version: str
    every: int | None


def version_of(*parts: Any) -> str:
    """A short text that differs whenever one of `parts` does."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def is_shown(request: HttpRequest, version: str) -> bool:
    """True when the page that asks shows this version already."""
    return request.GET.get("v") == version


def unchanged() -> HttpResponse:
    """Nothing to swap."""
    return HttpResponse(status=204)


def fragment(request: HttpRequest, template: str, context: dict[str, Any], pulse: Pulse) -> HttpResponse:
    """The fragment, made anew; the last one where the pulse has stopped."""
    response = render(request, template, {**context, "pulse": pulse})
    if pulse.every is None:
        response.status_code = STOP_POLLING
    return response
