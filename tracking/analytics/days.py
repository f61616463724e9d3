"""What happened on each of the last days."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncDate

from campaigns.models import Campaign, Message, MessageStatus
from tracking.analytics.clock import clock_of
from tracking.models import EmailEvent, EventType

DAYS = 30
ECHO = timedelta(days=6)  # after its end most of what comes back has come


def days_with_anything(campaign: Campaign, *, now: datetime) -> dict[str, dict[str, Any]]:
    """Of the 30 days up to `_last_day` those on which something happened, by date in the campaign's time zone.

    Mails sent and events by type; `machine` has the opens and clicks of machines, which are in no other number.
    """
    zone, last = clock_of(campaign), _last_day(campaign, now)
    since = datetime.combine(last - timedelta(days=DAYS - 1), time.min, tzinfo=zone)
    until = datetime.combine(last + timedelta(days=1), time.min, tzinfo=zone)
    figures: dict[str, dict[str, Any]] = {}
    for day, number in _sent(campaign, since, until):
        figures.setdefault(day.isoformat(), _nothing())["sent"] = number
    for day, event_type, is_machine, number in _events(campaign, since, until):
        figure = figures.setdefault(day.isoformat(), _nothing())
        (figure["machine"] if is_machine else figure)[event_type] = number
    return figures


def laid_out(figures: Mapping[str, Mapping[str, Any]], campaign: Campaign, *, now: datetime) -> list[dict[str, Any]]:
    """One entry for each of the 30 days, the last one last, out of `days_with_anything`."""
    last = _last_day(campaign, now)
    days = [last - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    return [{"date": day, **(figures.get(day.isoformat()) or _nothing())} for day in days]


def _last_day(campaign: Campaign, now: datetime) -> date:
    """Today; of a campaign that has ended the last day on which there is much to be seen."""
    ended = campaign.completed_at
    return min(now, ended + ECHO if ended else now).astimezone(clock_of(campaign)).date()


def _sent(campaign: Campaign, since: datetime, until: datetime) -> Iterable[tuple[date, int]]:
    sent = Message.objects.filter(step__campaign=campaign, status=MessageStatus.SENT).order_by()
    sent = sent.filter(sent_at__gte=since, sent_at__lt=until)
    return sent.values_list(TruncDate("sent_at", tzinfo=since.tzinfo)).annotate(number=Count("pk"))


def _events(campaign: Campaign, since: datetime, until: datetime) -> Iterable[tuple[date, str, bool, int]]:
    events = EmailEvent.objects.filter(campaign_recipient__campaign=campaign).order_by()
    events = events.filter(created_at__gte=since, created_at__lt=until)
    by_day = events.values_list(TruncDate("created_at", tzinfo=since.tzinfo), "event_type", "is_machine")
    return by_day.annotate(number=Count("pk"))


def _nothing() -> dict[str, Any]:
    return {
        "sent": 0,
        **dict.fromkeys(EventType.values, 0),
        "machine": {EventType.OPEN.value: 0, EventType.CLICK.value: 0},
    }
