"""What a sender sent on each of the last days, beside what its limits allowed."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count
from django.db.models.functions import TruncDate

from campaigns.models import Message, MessageStatus, Sender
from campaigns.sending.limits import most_on_day
from campaigns_project.accounts.timezones import zone_of
from campaigns_project.patience import within

DAYS = 30
NOON = time(12)
TRIED_FOR = timedelta(days=7)  # a mail is made at most so long before it leaves
LONGEST = 100  # milliseconds the page waits for the count


@dataclass(frozen=True, slots=True)
class SenderDay:
    """A day of the sender's own time zone; `limit` as its limits are set now, None for none."""

    day: date
    sent: int
    limit: int | None


def sent_by_day(sender: Sender, *, now: datetime) -> list[SenderDay]:
    """The last DAYS, oldest first, today the last; `patience.TookTooLong` for one with too many mails to be counted."""
    zone = zone_of(sender.timezone)
    today = now.astimezone(zone).date()
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    since = datetime.combine(days[0], time.min, tzinfo=zone)
    # By when it was made, too, which the index of the sender's mails goes by.
    sent = Message.objects.filter(sender=sender, created_at__gte=since - TRIED_FOR, status=MessageStatus.SENT)
    by_day = sent.filter(sent_at__gte=since).order_by().values_list(TruncDate("sent_at", tzinfo=zone))
    with within(LONGEST):
        counts = dict(by_day.annotate(number=Count("pk")))
    limits = {day: most_on_day(sender, datetime.combine(day, NOON, tzinfo=zone)) for day in days}
    return [SenderDay(day, counts.get(day, 0), limits[day]) for day in days]
