"""What every request passes through: a request id, and a content policy per area."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.middleware.csp import ContentSecurityPolicyMiddleware
from django.utils.csp import CSP

from campaigns_project.request_id import HEADER, request_id_of

STRICT = {
    "default-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
# Unfold ships the standard Alpine build, which makes functions from text; allowed under /admin/ and nowhere else.
ADMIN = {**STRICT, "script-src": [CSP.SELF, CSP.UNSAFE_EVAL], "frame-src": [CSP.SELF]}
DOCS = {**STRICT, "script-src": [CSP.SELF], "worker-src": [CSP.SELF, "blob:"]}
AREAS = (("/admin/", ADMIN), ("/api/docs", DOCS))


class RequestIdMiddleware:
    """Gives every request an id: the caller's X-Request-ID where it is well formed, else a new one; echoed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = request_id_of(request.headers.get(HEADER, ""))  # type: ignore[attr-defined]
        response = self.get_response(request)
        response[HEADER] = request.request_id  # type: ignore[attr-defined]
        return response


class AreaContentSecurityPolicy(ContentSecurityPolicyMiddleware):
    """The strict policy everywhere, a wider one where a page cannot do without."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if getattr(response, "_csp_config", None) is None:
            area = next((policy for prefix, policy in AREAS if request.path.startswith(prefix)), STRICT)
            response._csp_config = area  # type: ignore[attr-defined]
        return super().process_response(request, response)
