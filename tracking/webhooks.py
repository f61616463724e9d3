"""Where e-mail services report what became of our mails: /hooks/esp/ and the token of a sender, /hooks/instantly/ and
that of an account.

Whoever comes has no account here: no session is read, no cookie set. The token says for which sender, and the service's
signature or password whether it is believed.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from campaigns_project.client_address import client_address
from campaigns_project.faults import DatabaseFault, told_as_faults
from tracking.inbound.receive import HookCode, NotTaken, receive, receive_from_instantly
from tracking.inbound.refusals import refusals

TRY_AGAIN = 120  # seconds, while the database cannot be used
CHALLENGE = 'Basic realm="Fairlead webhook"'


# Safe without a CSRF token: there is no session to ride on, and the service proves itself.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def esp(request: HttpRequest, token: str) -> HttpResponse:
    """Store what a service reports. A GET does nothing: some services ask once whether anybody is there."""
    return _answered(request, token, receive)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def instantly(request: HttpRequest, token: str) -> HttpResponse:
    """The same for what Instantly reports, which proves itself by a header that it was given."""
    return _answered(request, token, receive_from_instantly)


def _answered(request: HttpRequest, token: str, take: Callable[..., object]) -> HttpResponse:
    answer = _taken(request, token, take) if request.method == "POST" else _said(200, "Reports are posted here.")
    # Else the middleware would answer a damaged cookie of an operator's with a fresh or an emptied one.
    request.COOKIES.clear()
    answer["Cache-Control"] = "no-store"
    answer["X-Robots-Tag"] = "noindex, nofollow"
    answer._has_been_logged = True  # type: ignore[attr-defined] # Django would log the path, and so the token
    return answer


def _taken(request: HttpRequest, token: str, take: Callable[..., object]) -> HttpResponse:
    origin = f"{client_address(request)} {token[:64]}"
    wait = refusals.wait(origin) or refusals.wait(_anybody(request))
    if wait:
        return _later(429, f"{HookCode.TOO_MANY_REFUSED}: {HookCode.TOO_MANY_REFUSED.label}.", wait)
    try:
        with told_as_faults():
            take(token=token, request=request, now=timezone.now())
    except NotTaken as refused:
        return _refused(request, refused, origin)
    except DatabaseFault:
        return _later(503, "The report could not be stored. Send it again.", TRY_AGAIN)
    return _said(200, "Taken.")


def _refused(request: HttpRequest, refused: NotTaken, origin: str) -> HttpResponse:
    # Many senders may be reported on from one address of a service; an address without a sender is nobody's.
    refusals.note(origin if refused.is_of_somebody else _anybody(request))
    answer = _said(refused.status, f"{refused.code}: {refused}")
    if refused.code == HookCode.NOT_AUTHENTIC and refused.sender and "Authorization" not in request.headers:
        # Amazon SNS gives the password in its address only to whoever asks for it.
        answer.status_code = 401
        answer["WWW-Authenticate"] = CHALLENGE
    return answer


def _anybody(request: HttpRequest) -> str:
    return f"{client_address(request)}"


def _later(status: int, words: str, seconds: int) -> HttpResponse:
    answer = _said(status, words)
    answer["Retry-After"] = str(seconds)
    return answer


def _said(status: int, words: str) -> HttpResponse:
    return HttpResponse(f"{words}\n", status=status, content_type="text/plain; charset=utf-8")
