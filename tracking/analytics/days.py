"""What happened on each of the last days."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.db.models.functions import TruncDate

from campaigns.models import Campaign, Message, MessageStatus
from tracking.models import EmailEvent, EventType

DAYS = 30


def day_figures(campaign: Campaign, *, now: datetime) -> list[dict[str, Any]]:
    """One entry for each of the last 30 days, today last, in the campaign's time zone: mails sent and events by type.

    `machine` has the opens and clicks of machines, which are in no other number.
    """
    zone = ZoneInfo(campaign.timezone)
    today = now.astimezone(zone).date()
    figures = {day: _nothing(day) for day in (today - timedelta(days=back) for back in range(DAYS - 1, -1, -1))}
    since = datetime.combine(min(figures), time.min, tzinfo=zone)
    until = datetime.combine(today + timedelta(days=1), time.min, tzinfo=zone)
    for day, number in _sent(campaign, since, until):
        figures[day]["sent"] = number
    for day, event_type, is_machine, number in _events(campaign, since, until):
        figure = figures[day]["machine"] if is_machine else figures[day]
        figure[event_type] = number
    return list(figures.values())


def _sent(campaign: Campaign, since: datetime, until: datetime) -> Iterable[tuple[date, int]]:
    sent = Message.objects.filter(step__campaign=campaign, status=MessageStatus.SENT).order_by()
    sent = sent.filter(sent_at__gte=since, sent_at__lt=until)
    return sent.values_list(TruncDate("sent_at", tzinfo=since.tzinfo)).annotate(number=Count("pk"))


def _events(campaign: Campaign, since: datetime, until: datetime) -> Iterable[tuple[date, str, bool, int]]:
    events = EmailEvent.objects.filter(campaign_recipient__campaign=campaign).order_by()
    events = events.filter(created_at__gte=since, created_at__lt=until)
    by_day = events.values_list(TruncDate("created_at", tzinfo=since.tzinfo), "event_type", "is_machine")
    return by_day.annotate(number=Count("pk"))


def _nothing(day: date) -> dict[str, Any]:
    return {
        "date": day,
        "sent": 0,
        **dict.fromkeys(EventType.values, 0),
        "machine": {EventType.OPEN.value: 0, EventType.CLICK.value: 0},
    }
