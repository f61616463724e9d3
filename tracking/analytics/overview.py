"""The last two weeks of all campaigns together, for the first page and the API. Each function asks by itself.

A day is one of each campaign's own time zone: “today” adds up what is today there. People count on the day of their
first reply, bounce and so on.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet, Sum, Value

from campaigns.models import Sender
from campaigns.sending.limits import RECENT_DAYS, most_on_day, used_today
from leads.models import Suppression
from tracking.analytics.clock import day_of
from tracking.analytics.shares import Share, share
from tracking.models import CampaignDay

DAYS = 14
WEEK = 7
EARLY = 100  # mails delivered, below which a rate says little
FAR_ZONES = timedelta(days=1)  # that a day somewhere is before or after ours
COUNTED_UP_TO = 10_000  # suppressions: more are told as “more than”


@dataclass(frozen=True)
class Period:
    """What happened in some days together. Delivered are the mails that were sent and did not bounce."""

    numbers: Mapping[str, int]

    @property
    def delivered(self) -> int:
        return max(self.numbers["sent"] - self.numbers["bounced"], 0)

    @property
    def replied(self) -> Share:
        return share(self.numbers["replied"], self.delivered)

    @property
    def bounced(self) -> Share:
        return share(self.numbers["bounced"], self.numbers["sent"])

    @property
    def is_early(self) -> bool:
        return self.delivered < EARLY


@dataclass(frozen=True)
class Recent:
    """The days, oldest first, each with its date and numbers; the last one is today and not over."""

    days: Sequence[Mapping[str, Any]]

    @property
    def today(self) -> Period:
        return _together(self.days[-1:])

    @property
    def week(self) -> Period:
        """Today and the six days before."""
        return _together(self.days[-WEEK:])

    @property
    def week_before(self) -> Period:
        return _together(self.days[-2 * WEEK : -WEEK])


@dataclass(frozen=True)
class Capacity:
    """What the senders in use may send today, each by its own day; those without a limit of the day are only told."""

    used: int
    limit: int
    senders: int
    unlimited: int


@dataclass(frozen=True)
class Counted:
    """A number that is not counted beyond a most."""

    number: int
    is_more: bool


def recent(days: QuerySet[CampaignDay], *, today: date, now: datetime) -> Recent:
    """The last two weeks of the campaigns whose `days` these are, under the dates up to `today`. One query."""
    by_age = _by_age(days.filter(day__gte=(now - FAR_ZONES).date() - timedelta(days=DAYS)), now)
    return Recent(
        [{"date": today - timedelta(days=age), **_numbers(by_age.get(age, {}))} for age in range(DAYS - 1, -1, -1)]
    )


def _by_age(days: QuerySet[CampaignDay], now: datetime) -> dict[int, Mapping[str, int]]:
    totals = [Sum(name) for name in CampaignDay.NUMBERS]
    rows = days.order_by().alias(there=day_of(Value(now))).values_list(F("there") - F("day")).annotate(*totals)
    return {age.days: dict(zip(CampaignDay.NUMBERS, numbers, strict=True)) for age, *numbers in rows}


def capacity(senders: QuerySet[Sender], *, now: datetime) -> Capacity:
    """What those of `senders` that are in use may send today, and have. Two queries."""
    able = list(senders.able().defer(*Sender.SECRETS).prefetch_related(RECENT_DAYS))  # type: ignore[attr-defined]
    limited = {sender: limit for sender in able if (limit := most_on_day(sender, now)) is not None}
    used = sum(used_today(sender, now=now) or 0 for sender in limited)
    return Capacity(used, sum(limited.values()), len(able), len(able) - len(limited))


def new_suppressions(suppressions: QuerySet[Suppression], *, now: datetime) -> Counted:
    """How many of them were added in the last seven days. One query."""
    new = suppressions.filter(created_at__gte=now - timedelta(days=WEEK)).order_by()
    found = new.values("pk")[: COUNTED_UP_TO + 1].count()
    return Counted(min(found, COUNTED_UP_TO), found > COUNTED_UP_TO)


def _numbers(found: Mapping[str, int]) -> dict[str, int]:
    return {name: found.get(name, 0) for name in CampaignDay.NUMBERS}


def _together(days: Iterable[Mapping[str, Any]]) -> Period:
    total: Counter[str] = Counter(dict.fromkeys(CampaignDay.NUMBERS, 0))
    for day in days:
        total.update({name: day[name] for name in CampaignDay.NUMBERS})
    return Period(total)
