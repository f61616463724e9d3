"""The calendar: a page of its own as month, week or list, and the items that people enter."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from campaigns.admin.operations import OperationsPages, may_view, operations_page, require_role
from campaigns.models import CalendarFeed, CalendarItem, ItemKind
from campaigns.ops.calendar import Entry, EntryKind, calendar
from campaigns.ops.feeds import address_of, close_feed, renew_feed
from campaigns.ops.items import FIRST_YEAR, LAST_YEAR, check_item
from campaigns_project.accounts.admin.base import ReadOnlyAdmin, ScopedAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, RemovalDialog, dialog_action
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter
from campaigns_project.accounts.admin.permissions import may_here
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import chip
from campaigns_project.accounts.timezones import zone_of
from campaigns_project.admin_site import Page, show_page
from campaigns_project.audit.actors import Actor

VIEWS = ("month", "week", "agenda")
AGENDA = timedelta(days=30)
SHOWN_A_DAY = 6  # entries in a cell of the month; the list of the day has them all
PAGES = {
    EntryKind.START: "campaigns_campaign_change",
    EntryKind.END: "campaigns_campaign_change",
    EntryKind.TASK: "campaigns_operatortask_change",
    EntryKind.PLAN: "campaigns_campaignplan_change",
    EntryKind.NOTE: "campaigns_calendaritem_change",
    EntryKind.DEADLINE: "campaigns_calendaritem_change",
    EntryKind.BLACKOUT: "campaigns_calendaritem_change",
}
LOOKS = {
    EntryKind.START: ("play_arrow", "good"),
    EntryKind.END: ("check", "quiet"),
    EntryKind.MAILS: ("mail", "info"),
    EntryKind.TASK: ("task_alt", "warn"),
    EntryKind.PLAN: ("flag", "info"),
    EntryKind.NOTE: ("edit_note", "quiet"),
    EntryKind.DEADLINE: ("event_busy", "warn"),
    EntryKind.BLACKOUT: ("block", "bad"),
}


@dataclass(frozen=True)
class Line:
    """One entry as the page shows it."""

    entry: Entry
    words: str
    icon: str
    tone: str
    url: str


@dataclass(frozen=True)
class Day:
    date: date
    is_today: bool
    is_outside: bool  # of the month shown
    lines: list[Line]

    @property
    def shown(self) -> list[Line]:
        return self.lines[:SHOWN_A_DAY]

    @property
    def more(self) -> int:
        return max(len(self.lines) - SHOWN_A_DAY, 0)

    @property
    def is_blackout(self) -> bool:
        return any(line.entry.kind is EntryKind.BLACKOUT for line in self.lines)


@operations_page("Calendar")
def calendar_page(request: HttpRequest, organization: Organization) -> Any:
    """By GET the calendar; by POST a new address of it for programs."""
    if request.method == "POST":
        return _renew(request, organization)
    now, user = timezone.now(), request.user
    today = now.astimezone(zone_of(organization.timezone)).date()
    view = request.GET.get("view", VIEWS[0])
    view = view if view in VIEWS else VIEWS[0]
    day = _asked_day(request, today)
    first, last = _span(view, day)
    found = calendar(organization, first=first, last=last, now=now)
    lines = _by_day(found.entries, first, last)
    days = [
        Day(each, each == today, view == "month" and each.month != day.month, lines[each])
        for each in (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    ]
    context = {
        "view": view,
        "day": day,
        "days": days,
        "agenda": [each for each in days if each.lines and not each.is_outside],
        "weeks": [days[start : start + 7] for start in range(0, len(days), 7)],
        "is_partial": found.is_partial,
        "heading": day.strftime("%B %Y") if view == "month" else f"{first:%-d %b} to {last:%-d %b %Y}",
        "ways": {name: _url(organization, view=name, date=day) for name in VIEWS},
        "before": _url(organization, view=view, date=_step(view, day, -1)),
        "after": _url(organization, view=view, date=_step(view, day, 1)),
        "now_url": _url(organization, view=view),
        "feed": CalendarFeed.objects.filter(organization=organization, user=user.pk).first(),
        "kinds": [(kind.label, *LOOKS[kind]) for kind in EntryKind],
    }
    return "campaigns/admin/calendar.html", context


def _renew(request: HttpRequest, organization: Organization) -> str:
    user: Any = request.user
    require_role(request, Role.OPERATOR, organization)
    feed = renew_feed(organization=organization, user=user, actor=Actor.of_request(request, via="admin"))
    words = f"Your address of the calendar, for programs that read calendars: {address_of(feed)} . It is shown once."
    messages.success(request, words)
    return request.get_full_path()


def _asked_day(request: HttpRequest, today: date) -> date:
    try:
        day = date.fromisoformat(request.GET.get("date", ""))
    except ValueError:
        return today
    return day if FIRST_YEAR < day.year < LAST_YEAR else today


def _span(view: str, day: date) -> tuple[date, date]:
    """The days that are shown: whole weeks from Monday on, or the month that follows."""
    if view == "agenda":
        return day, day + AGENDA
    monday = day - timedelta(days=day.weekday())
    if view == "week":
        return monday, monday + timedelta(days=6)
    first = day.replace(day=1)
    last = _step("month", first, 1) - timedelta(days=1)
    return first - timedelta(days=first.weekday()), last + timedelta(days=6 - last.weekday())


def _step(view: str, day: date, way: int) -> date:
    if view != "month":
        return day + way * (AGENDA if view == "agenda" else timedelta(days=7))
    months = day.year * 12 + day.month - 1 + way
    return date(months // 12, months % 12 + 1, 1)


def _by_day(entries: Iterable[Entry], first: date, last: date) -> Mapping[date, list[Line]]:
    """What takes several days stands on each, but for plans: on their first day and their last."""
    lines: dict[date, list[Line]] = defaultdict(list)
    for entry in entries:
        if entry.kind is EntryKind.PLAN:
            for day, words in ((entry.date, "begins"), (entry.ends_on, "ends")):
                if first <= day <= last:
                    lines[day].append(_line(entry, f"Plan {words}: {entry.title}"))
            continue
        for offset in range((min(entry.ends_on, last) - max(entry.date, first)).days + 1):
            lines[max(entry.date, first) + timedelta(days=offset)].append(_line(entry, _words(entry)))
    return lines


def _words(entry: Entry) -> str:
    if entry.kind is EntryKind.MAILS:
        return entry.title
    if entry.kind is EntryKind.TASK:
        return f"Task {'done' if entry.is_past else 'due'}: {entry.title}"
    if entry.kind is EntryKind.START and entry.is_past:
        return f"Campaign started: {entry.title}"
    return f"{entry.kind.label}: {entry.title}"


def _line(entry: Entry, words: str) -> Line:
    icon, tone = LOOKS[entry.kind]
    page = PAGES.get(entry.kind)
    url = reverse(f"admin:{page}", args=[entry.id]) if page else reverse("admin:campaigns_campaign_changelist")
    return Line(entry, words, icon, tone, url)


def _url(organization: Organization, **asked: Any) -> str:
    query = urlencode({"organization": organization.slug, **asked})
    return f"{reverse('admin:operations_calendar')}?{query}"


class DeleteItem(RemovalDialog):
    needs = Role.OPERATOR
    label = "Delete"
    noun = "item"
    title = "Take this out of the calendar?"
    submit_text = "Delete item"

    @property
    def description(self) -> str:
        first, last = (date_format(day, "DATE_FORMAT") for day in (self.object.starts_on, self.object.ends_on))
        words = f"“{self.object}”, {first}" + (f" to {last}" if last != first else "")
        return f"{words}. Mail may leave then again." if self.object.kind == ItemKind.BLACKOUT else f"{words}."

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        needed = Role.MANAGER if obj is not None and obj.kind == ItemKind.BLACKOUT else cls.needs
        return may_here(request, needed, obj)

    def remove(self) -> None:
        if not self.offered(self.request, self.object):
            raise PermissionDenied
        super().remove()


@admin.register(CalendarItem)
class CalendarItemAdmin(OperationsPages, ScopedAdmin):
    """Blackout days stop all sending: managers enter and lift them."""

    shown_on = "operations_calendar"
    list_display = ["title", "what", "starts_on", "ends_on", "organization"]
    list_filter = [("kind", ChoicesDropdownFilter), ("organization", ScopedRelatedFilter)]
    list_select_related = ["organization"]
    search_fields = ["title"]
    fields = ["organization", "kind", "title", "note", ("starts_on", "ends_on")]
    empty_text = "Notes, deadlines and blackout days, on which no mail of the organization leaves."
    actions_detail = ["remove"]

    remove = dialog_action(DeleteItem)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or _may_touch(request, obj, obj.kind))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not _may_touch(request, obj, obj.kind):
            raise PermissionDenied("Blackout days stop all sending: a manager enters and lifts them.")
        check_item(obj, today=timezone.now().date())
        if not change:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)

    @display(description="Kind", ordering="kind")
    def what(self, item: CalendarItem) -> str:
        return chip("halted" if item.kind == ItemKind.BLACKOUT else "note", item.get_kind_display())


class CloseFeed(ActDialog):
    needs = Role.OPERATOR
    label = "Close address"
    icon = "link_off"
    is_final = True
    title = "Close this address of the calendar?"
    description = "Programs that read it find nothing there any more."
    submit_text = "Close address"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj is not None and (obj.user_id == request.user.pk or may_here(request, Role.MANAGER, obj))

    def act(self) -> str:
        if not self.offered(self.request, self.object):
            raise PermissionDenied
        close_feed(feed=self.object, actor=self.actor)
        self.object = None
        return "The address is closed."


@admin.register(CalendarFeed)
class CalendarFeedAdmin(OperationsPages, ReadOnlyAdmin):
    """Made on the calendar's page."""

    shown_on = "operations_calendar"
    list_display = ["user", "organization", "created_at", "read_at"]
    fields = ["user", "organization", "created_at", "read_at"]
    empty_text = "Addresses at which programs read the calendar stand here; one is made on the calendar's page."
    actions_detail = ["close"]

    close = dialog_action(CloseFeed)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("user", "organization")  # its name tells them


def _may_touch(request: HttpRequest, item: CalendarItem, kind: str) -> bool:
    """Whether the user may enter it, or change what it was before."""
    before = CalendarItem.objects.filter(pk=item.pk).values_list("kind", flat=True).first() if item.pk else None
    needed = Role.MANAGER if ItemKind.BLACKOUT in {kind, before} else Role.OPERATOR
    return may_here(request, needed, item)


show_page(Page("operations_calendar", "operations/calendar/", calendar_page, may_view))
