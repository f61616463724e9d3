"""The short way to the pixel, which most requests of the web are for and most of the middleware has nothing to do with.

Whoever loads it has no session and no account, sends no form and is shown no page. On the usual way all of that would
be looked after all the same, and cost more than noting the open.
"""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from tracking.views import PIXEL, open_pixel

_PATH = re.compile(r"/(?:t|api/v1/campaigns/track)/([^/]+)/open")  # as the urls say: a test holds one to the other
# What later middleware would add, and as strict as may be: a picture needs nothing.
_HEADERS = {
    "Content-Length": str(len(PIXEL)),
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
}


class PixelMiddleware:
    """Answers for the pixel; anything else goes on. Behind what gives ids to requests and sends them to HTTPS."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        pixel = _PATH.fullmatch(request.path_info)
        if pixel is None:
            return self.get_response(request)
        request.get_host()  # refuses, as everywhere, a host that is not ours
        response = open_pixel(request, pixel[1])
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response
