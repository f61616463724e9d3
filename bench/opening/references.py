"""What an open is held against: the same picture and nothing else, and what one would write with the ORM."""

from collections.abc import Callable

from django.db import transaction
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from campaigns import tokens
from campaigns.models import Campaign, Message
from tracking.models import EmailEvent, EventType
from tracking.views import PIXEL


@require_safe
def constant(request: HttpRequest, token: str) -> HttpResponse:
    """The picture. What comes through the middleware costs that, and the server's own share."""
    return HttpResponse(PIXEL, content_type="image/gif")


class ShortMiddleware:
    """The same constant picture where the pixel is answered: passing by the rest of the middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return constant(request, "") if request.path_info.endswith("/short") else self.get_response(request)


@require_safe
def by_orm(request: HttpRequest, token: str) -> HttpResponse:
    """Look the mail up, write the event, note the first open, count it: one transaction for each open."""
    meant = tokens.read(tokens.Purpose.OPEN, token)
    if meant is None:
        raise Http404
    with transaction.atomic():
        message = Message.objects.select_related("recipient").get(pk=meant.message_id)
        EmailEvent.objects.create(
            campaign_recipient=message.recipient,
            message=message,
            event_type=EventType.OPEN,
            user_agent=request.headers.get("User-Agent", ""),
            ip_address=request.META["REMOTE_ADDR"],
            source="bench",
            created_at=timezone.now(),
        )
        if message.recipient.opened_at is None:
            message.recipient.opened_at = timezone.now()
            message.recipient.save()
            Campaign.objects.filter(pk=message.recipient.campaign_id).update(emails_opened=F("emails_opened") + 1)
    return HttpResponse(PIXEL, content_type="image/gif")
