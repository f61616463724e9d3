"""What browsers keep of forms that were left unsaved (`drafts.js`): its name, and that it has been saved."""

from urllib.parse import quote, urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse

SAVED = "fairlead_saved"
A_DAY = 86_400
# What of an address does not say which form it is: how its list was narrowed, what a new wording was begun from.
_OF_THE_WAY = {"_changelist_filters", "template"}


def draft_of(request: HttpRequest) -> str:
    """The name of the draft of this form and this person: nobody is offered what another one typed."""
    asked = urlencode(sorted((name, value) for name, value in request.GET.items() if name not in _OF_THE_WAY))
    return f"{request.user.pk} {request.path}{'?' if asked else ''}{asked}"


def tell_of_saved(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Have the browser forget its draft of this form. By a cookie, so that a page that is not read through says it too.

    The script on the next page reads it, so it is not for the server alone; it holds no more than the address.
    """
    response.set_cookie(
        SAVED, quote(draft_of(request), safe=""), max_age=A_DAY, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax"
    )
    return response
