"""At what hours of the week people answer."""

from typing import TypedDict

from django.db.models import Count
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay

from campaigns.models import Campaign
from tracking.analytics.clock import clock_of
from tracking.models import EmailEvent, EventType

ENOUGH = 50  # replies, below which the hours are chance


class Hour(TypedDict):
    """Replies in one hour of the week: Monday is 1, the hour is that in which it began, in the campaign's time zone."""

    weekday: int
    hour: int
    replies: int


def reply_hours(campaign: Campaign) -> list[Hour]:
    """The hours of the week in which people replied, in order; those without a reply are left out. One query.

    By the time the reply was received here or told of, not when it was read; answers of machines do not count.
    """
    zone = clock_of(campaign)
    replies = EmailEvent.objects.filter(campaign_recipient__campaign=campaign, event_type=EventType.REPLY).human()
    hours = (
        replies.order_by()
        .values(weekday=ExtractIsoWeekDay("created_at", tzinfo=zone), hour=ExtractHour("created_at", tzinfo=zone))
        .annotate(replies=Count("pk"))
        .order_by("weekday", "hour")
    )
    return [Hour(weekday=row["weekday"], hour=row["hour"], replies=row["replies"]) for row in hours]
