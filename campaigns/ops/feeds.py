"""The calendar for programs that read calendars: an address with a signed token, and the file behind it (RFC 5545).

The token names the feed and its turn. Renewed or taken away, the old address is closed; so it is once the person has
left the organization. Whoever has the address can read the calendar.
"""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import F
from icalendar import Calendar as File
from icalendar import Event

from campaigns.models import CalendarFeed
from campaigns.ops.calendar import Entry, EntryKind, calendar
from campaigns.tokens import Purpose, read, sign
from campaigns_project.accounts.access import seats_of
from campaigns_project.accounts.models import Organization, User
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record

BACK, AHEAD = timedelta(days=60), timedelta(days=300)
HOUR = timedelta(hours=1)
READ_AT_MOST = timedelta(minutes=5)  # between two notes that it was read


@transaction.atomic
def renew_feed(*, organization: Organization, user: User, actor: Actor) -> CalendarFeed:
    """The feed of `user`, with a new address each time: the one before is closed."""
    feed, is_new = CalendarFeed.objects.get_or_create(organization=organization, user=user)
    if not is_new:
        CalendarFeed.objects.filter(pk=feed.pk).update(turn=F("turn") + 1)
        feed.refresh_from_db(fields=["turn"])
    act = "created" if is_new else "renewed"
    record(action=f"calendarfeed.{act}", entity=feed, organization_id=organization.pk, actor=actor)
    return feed


@transaction.atomic
def close_feed(*, feed: CalendarFeed, actor: Actor) -> None:
    """Its address is closed; a later feed of the same person has another."""
    record(action="calendarfeed.deleted", entity=feed, organization_id=feed.organization_id, actor=actor)
    feed.delete()


def address_of(feed: CalendarFeed) -> str:
    """Where it is read now; the token in it is the key."""
    return f"{settings.PUBLIC_URL}/calendar/{sign(Purpose.CALENDAR, feed.pk, feed.turn)}.ics"


def feed_of(token: str) -> CalendarFeed | None:
    """The feed whose present token this is, of somebody who may still read there; else None."""
    named = read(Purpose.CALENDAR, token)
    if named is None:
        return None
    feeds = CalendarFeed.objects.select_related("organization", "user")
    feed = feeds.filter(pk=named.message_id, turn=named.second_id).first()
    if feed is None or not seats_of(feed.user, slug=feed.organization.slug):
        return None
    return feed


def file_of(feed: CalendarFeed, *, now: datetime) -> bytes:
    """The calendar from two months ago to ten months ahead, as an iCalendar file."""
    organization = feed.organization
    CalendarFeed.objects.filter(pk=feed.pk).exclude(read_at__gt=now - READ_AT_MOST).update(read_at=now)
    found = calendar(organization, first=(now - BACK).date(), last=(now + AHEAD).date(), now=now)
    file = File()
    file.add("prodid", "-//Fairlead//calendar//EN")
    file.add("version", "2.0")
    file.add("x-wr-calname", f"{organization.name}: outreach")
    for entry in found.entries:
        file.add_component(_event(entry, organization, now))
    return file.to_ical()


def _event(entry: Entry, organization: Organization, now: datetime) -> Event:
    event = Event()
    about = entry.id or entry.date.isoformat()
    event.add("uid", f"{entry.kind}-{about}@{organization.pk}.{urlsplit(settings.PUBLIC_URL).hostname}")
    event.add("dtstamp", now)
    event.add("summary", f"{entry.kind.label}: {entry.title}" if entry.kind is not EntryKind.MAILS else entry.title)
    if entry.kind is EntryKind.TASK and entry.at is not None:
        event.add("dtstart", entry.at)
        event.add("dtend", entry.at + HOUR)
    else:
        event.add("dtstart", entry.date)
        event.add("dtend", entry.ends_on + timedelta(days=1))  # the first day that is not of it any more
        event.add("transp", "TRANSPARENT")
    return event
