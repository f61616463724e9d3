"""/calendar/{token}.ics: the calendar for programs that read calendars. The token is the key."""

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from campaigns.ops.feeds import feed_of, file_of
from campaigns.ops.switch import is_on


@never_cache
@require_safe
def calendar_file(request: HttpRequest, token: str) -> HttpResponse:
    """404 alike for a token that was never one of ours, one that was closed, and where the calendar is switched off."""
    feed = feed_of(token) if is_on() else None
    if feed is None:
        raise Http404
    content = file_of(feed, now=timezone.now())
    headers = {"Content-Disposition": 'inline; filename="fairlead.ics"'}
    return HttpResponse(content, content_type="text/calendar; charset=utf-8", headers=headers)
