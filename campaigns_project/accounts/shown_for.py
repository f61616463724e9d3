"""Pages that stand open while somebody else logs in with the same browser: what they ask for is not done as that one.

A page says with all that its script asks for whom it was shown. Forms that are sent without a script need no more than
Django's own token, which a login renews.
"""

from urllib.parse import quote

from django.http import HttpRequest, HttpResponse

SHOWN_FOR = "X-Shown-For"


def told_who_it_is_now(request: HttpRequest) -> HttpResponse | None:
    """The answer to a page that was shown for another person than the one who is logged in; None where it was not."""
    shown_for = request.headers.get(SHOWN_FOR)
    if not shown_for or shown_for == str(request.user.pk):
        return None
    # In heads, since the script asks with HEAD before it lets a form go.
    now = {"X-Person": str(request.user.pk), "X-Person-Name": quote(request.user.get_username())}
    return HttpResponse(status=409, headers={**now, "Cache-Control": "no-store"})
