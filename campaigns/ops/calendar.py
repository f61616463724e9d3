"""What stands in an organization's calendar from day to day, of all kinds, in the order of the days."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q

from campaigns.models import CalendarItem, Campaign, CampaignPlan, OperatorTask
from campaigns.ops.forecast import due_campaigns_of, forecast
from campaigns.scheduling.clock import MIDNIGHT, moment_of
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.timezones import zone_of
from campaigns_project.errors import Refused

type Day = date  # of a class that has a field of that name

LONGEST = 400  # days in one look
MOST_OF_A_KIND = 1_000  # a calendar with more in it is not read by anybody


class EntryKind(models.TextChoices):
    """What an entry of the calendar is."""

    START = "campaign_start", "Campaign starts"
    END = "campaign_end", "Campaign ended"
    MAILS = "mails", "Mails expected"
    TASK = "task", "Task due"
    PLAN = "plan", "Plan"
    NOTE = "note", "Note"
    DEADLINE = "deadline", "Deadline"
    BLACKOUT = "blackout", "Blackout day"


@dataclass(frozen=True)
class Entry:
    """Something on a day, or on several up to `ends_on`. `id` is of what it is about, by its kind; 0 for mails."""

    kind: EntryKind
    date: Day
    title: str
    ends_on: Day
    id: int = 0
    at: datetime | None = None
    number: int | None = None  # mails expected
    is_past: bool = False  # a task that is done, a campaign that has started


@dataclass(frozen=True)
class Calendar:
    """Entries by day and kind; `is_partial` where more of a kind is to be had."""

    entries: list[Entry]
    is_partial: bool


def calendar(
    organization: Organization, *, first: date, last: date, now: datetime, kinds: Collection[str] = ()
) -> Calendar:
    """Everything of `organization` from `first` to `last`, by its clock; with `kinds` only those.

    Refused for a time that is too long or turned round. At most eight queries.
    """
    _check(first, last)
    zone = zone_of(organization.timezone)
    asked = _Asked(organization, first, last, zone, now)
    wanted = [kind for kind in EntryKind if not kinds or kind in kinds]
    found: list[Entry] = []
    is_partial = False
    for read in dict.fromkeys(_READERS[kind] for kind in wanted):
        entries = list(read(asked))
        is_partial = is_partial or asked.is_partial or len(entries) > MOST_OF_A_KIND
        found += [entry for entry in entries[:MOST_OF_A_KIND] if entry.kind in wanted]
    return Calendar(sorted(found, key=_order), is_partial)


def read_kinds(names: Collection[str]) -> list[EntryKind]:
    """Kinds by name. Refused for one there is not."""
    unknown = [name for name in names if name not in EntryKind.values]
    if unknown:
        known = ", ".join(EntryKind.values)
        raise Refused("unknown_kind", f"There is no kind “{unknown[0]}”.", f"Known: {known}.", {"field": "kinds"})
    return [EntryKind(name) for name in names]


class _Asked:
    def __init__(self, organization: Organization, first: date, last: date, zone: ZoneInfo, now: datetime):
        self.organization, self.first, self.last, self.zone, self.now = organization, first, last, zone, now
        self.begins = moment_of(first, MIDNIGHT, zone)
        self.ends = moment_of(last + timedelta(days=1), MIDNIGHT, zone)
        self.is_partial = False

    def day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()


def _campaigns(asked: _Asked) -> Iterator[Entry]:
    between = (asked.begins, asked.ends)
    mine = Campaign.objects.living().for_organization(asked.organization)
    when = Q(started_at__range=between) | Q(started_at=None, scheduled_at__range=between)
    when |= Q(completed_at__range=between)
    for campaign in mine.filter(when).order_by("pk")[: MOST_OF_A_KIND + 1]:
        starts = campaign.started_at or campaign.scheduled_at
        for kind, at in ((EntryKind.START, starts), (EntryKind.END, campaign.completed_at)):
            if at is not None and asked.begins <= at < asked.ends:
                day = asked.day(at)
                yield Entry(kind, day, campaign.name, day, campaign.pk, at, is_past=campaign.started_at is not None)


def _mails(asked: _Asked) -> Iterator[Entry]:
    waiting = due_campaigns_of(Campaign.objects.living().for_organization(asked.organization), now=asked.now)
    found = forecast(waiting, first=asked.first, last=asked.last, zone=asked.zone, now=asked.now)
    asked.is_partial = asked.is_partial or found.is_partial
    for day, number in found.by_day.items():
        mails = "mail" if number == 1 else "mails"
        yield Entry(EntryKind.MAILS, day, f"{number:,} {mails} expected", day, number=number)


def _tasks(asked: _Asked) -> Iterator[Entry]:
    mine = OperatorTask.objects.living().for_organization(asked.organization)
    for task in mine.filter(due_at__gte=asked.begins, due_at__lt=asked.ends).order_by("due_at", "pk")[
        : MOST_OF_A_KIND + 1
    ]:
        day = asked.day(task.due_at)  # type: ignore[arg-type]  # it has one
        yield Entry(EntryKind.TASK, day, task.title, day, task.pk, task.due_at, is_past=task.completed_at is not None)


def _plans(asked: _Asked) -> Iterator[Entry]:
    mine = CampaignPlan.objects.for_organization(asked.organization)
    for plan in mine.filter(starts_on__lte=asked.last, ends_on__gte=asked.first)[: MOST_OF_A_KIND + 1]:
        yield Entry(EntryKind.PLAN, plan.starts_on, plan.name, plan.ends_on, plan.pk)


def _items(asked: _Asked) -> Iterator[Entry]:
    mine = CalendarItem.objects.for_organization(asked.organization)
    for item in mine.filter(starts_on__lte=asked.last, ends_on__gte=asked.first)[: MOST_OF_A_KIND + 1]:
        yield Entry(EntryKind(item.kind), item.starts_on, item.title, item.ends_on, item.pk)


_READERS: Mapping[EntryKind, Callable[[_Asked], Iterator[Entry]]] = {
    EntryKind.START: _campaigns,
    EntryKind.END: _campaigns,
    EntryKind.MAILS: _mails,
    EntryKind.TASK: _tasks,
    EntryKind.PLAN: _plans,
    EntryKind.NOTE: _items,
    EntryKind.DEADLINE: _items,
    EntryKind.BLACKOUT: _items,
}
_PLACES = {kind: place for place, kind in enumerate(reversed(EntryKind))}  # what stops everything stands first


def _order(entry: Entry) -> tuple[date, int, str, int]:
    return entry.date, _PLACES[entry.kind], entry.at.isoformat() if entry.at else "", entry.id


def _check(first: date, last: date) -> None:
    if last < first:
        raise Refused("ends_before_it_starts", "The last day is before the first.", "", {"field": "to"})
    if (last - first).days >= LONGEST:
        message = f"From {first} to {last} are {(last - first).days + 1:,} days."
        raise Refused("time_too_long", message, f"Ask for {LONGEST} at most.", {"field": "to"})
