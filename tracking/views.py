"""The pages and the pixel that mails point at.

Whoever comes has no account here: no session is read, no cookie set, and the token alone says what is meant.
"""

import base64
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.csp import CSP
from django.utils.encoding import iri_to_uri
from django.views.decorators.csp import csp_override
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from campaigns import tokens
from campaigns.models import Link, Message
from campaigns.tokens import Purpose, Token
from campaigns_project.faults import DatabaseFault, told_as_faults
from tracking import addressees, consequences, notes
from tracking.sources import Source
from tracking.visitors import visitor

# The smallest transparent GIF every mail program draws: 43 bytes, one pixel.
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
PAGE_POLICY: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "img-src": ["data:"],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
TRY_AGAIN = 120  # seconds, for programs: a mail provider that opts somebody out comes again
View = Callable[[HttpRequest, str], HttpResponse]


def private(view: View) -> View:
    """Answers of `view` are kept by nobody, name nobody in a Referer, and set no cookie.

    While the database cannot be used they say so (503), in words for whoever follows a link in a mail.
    """

    @wraps(view)
    def answer(request: HttpRequest, token: str) -> HttpResponse:
        try:
            with told_as_faults():
                response = view(request, token)
        except DatabaseFault:
            response = _page("later", status=503)
            response["Retry-After"] = str(TRY_AGAIN)
        # Else the middleware would answer a damaged cookie of an operator's with a fresh or an emptied one.
        request.COOKIES.clear()
        request.META.pop("CSRF_COOKIE_NEEDS_UPDATE", None)
        response["Cache-Control"] = "no-store"
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return answer


@require_safe
@private
def open_pixel(request: HttpRequest, token: str) -> HttpResponse:
    """The pixel of a mail. A token that is not ours gets the very same answer and leaves no trace."""
    meant = tokens.read(Purpose.OPEN, token)
    if meant and request.method == "GET":
        notes.note_open(meant, visitor(request))
    return HttpResponse(PIXEL, content_type="image/gif")


@require_safe
@csp_override(PAGE_POLICY)
@private
def click(request: HttpRequest, token: str) -> HttpResponse:
    """On to the stored target the token was signed for; nothing in the request has a say in where."""
    meant = tokens.read(Purpose.CLICK, token)
    target = _target(meant) if meant else None
    if meant is None or target is None:
        return _page("link_gone", status=404)
    if request.method == "GET":
        notes.note_click(meant, visitor(request))
    return HttpResponse(status=302, headers={"Location": iri_to_uri(target)})


# Safe without a CSRF token: there is no session to ride on. The signed token in the address is the right to act, and a
# forger who has it could as well make the one-click POST that RFC 8058 demands to work without cookie and form.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@csp_override(PAGE_POLICY)
@private
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """A page with one button; only a POST acts, since scanners follow every link of a mail.

    The POST answers 200 with a page and never redirects: senders of one-click POSTs need not follow (RFC 8058).
    """
    meant = tokens.read(Purpose.UNSUBSCRIBE, token)
    if meant is None:
        return _page("unknown", status=404)
    if meant.message_id == tokens.TEST_MESSAGE:
        return _page("test")
    return _leave(request, meant) if request.method == "POST" else _ask(meant)


def _ask(meant: Token) -> HttpResponse:
    message = addressees.find(message_id=meant.message_id)
    lead = None if message else addressees.find_lead(lead_id=meant.second_id)
    if message:
        addressee = addressees.describe(message)
    elif lead:
        addressee = addressees.describe_lead(lead)
    else:
        return _page("unknown", status=404)
    return _page("unsubscribed" if addressee.is_unsubscribed else "unsubscribe", addressee=addressee)


def _leave(request: HttpRequest, meant: Token) -> HttpResponse:
    who = visitor(request)
    result = consequences.unsubscribe(
        message_id=meant.message_id,
        lead_id=meant.second_id,
        source=Source.ONE_CLICK if _is_one_click(request) else Source.UNSUBSCRIBE_PAGE,
        user_agent=who.user_agent,
        ip_address=who.ip_address,
        now=timezone.now(),
    )
    if result is None:
        return _page("unknown", status=404)
    return _page("unsubscribed", addressee=result.addressee)


def _is_one_click(request: HttpRequest) -> bool:
    try:
        return request.POST.get("List-Unsubscribe") == "One-Click"
    except (MultiPartParserError, SuspiciousOperation, BadRequest):
        return False  # a body nobody can read is still a wish to leave


def _target(meant: Token) -> str | None:
    """The stored address, if link and message are of the same campaign and that is not being deleted.

    A message that is gone while its campaign is there went with a lead; whoever has the mail may still follow its link.
    """
    links = Link.objects.filter(pk=meant.second_id, campaign__deleting_at=None)
    elsewhere = Message.objects.filter(pk=meant.message_id).exclude(recipient__campaign=OuterRef("campaign"))
    links = links.exclude(Exists(elsewhere))
    url = links.values_list("url", flat=True).first()
    return url if url and url.lower().startswith(("http://", "https://")) and url.isprintable() else None


def _page(name: str, *, status: int = 200, **context: Any) -> HttpResponse:
    # Without the request, so that no context processor looks at a session.
    return HttpResponse(render_to_string(f"tracking/{name}.html", context), status=status)
