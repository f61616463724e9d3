"""Whom runs took out, drawn day by day: did more people have to be taken out afterwards than before, and why?"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from campaigns.de_enrollment.history import removed_by_day
from campaigns.models import ExitReason

DAYS = 14
# Reasons that mean the same to whoever looks at many of them at once, and the color of each group.
GROUPS: tuple[tuple[str, str, tuple[ExitReason, ...]], ...] = (
    ("Finished", "skip", (ExitReason.COMPLETED, ExitReason.ENDED_THERE)),
    ("Replied or booked", "good", (ExitReason.REPLIED, ExitReason.BOOKED)),
    ("Opted out", "warn", (ExitReason.UNSUBSCRIBED, ExitReason.COMPLAINED, ExitReason.SUPPRESSED)),
    ("Not reached", "bad", (ExitReason.HARD_BOUNCE, ExitReason.FAILED, ExitReason.NOT_TAKEN)),
    ("Named by a person", "info", (ExitReason.DE_ENROLLED, ExitReason.CAMPAIGN_STOPPED)),
)


@dataclass(frozen=True)
class Day:
    """One column: how high in per cent of the highest, and what it is made of, in the order of GROUPS."""

    date: date
    people: int
    height: float
    parts: Sequence[tuple[str, float]]  # color, and per cent of the column
    counts: Sequence[int]
    words: str


@dataclass(frozen=True)
class Days:
    """The last days, oldest first, with the sentence that says what is seen."""

    days: Sequence[Day]
    most: int
    groups: Sequence[tuple[str, str]]  # name and color of those there are
    sentence: str

    @property
    def names(self) -> list[str]:
        return [name for name, _, _ in GROUPS]

    @property
    def told(self) -> list[Day]:
        """Those with anybody, newest first, for the table."""
        return [day for day in reversed(self.days) if day.people]


def days_of(organizations: Collection[int], *, now: datetime) -> Days:
    """The last DAYS days of these organizations together, by the clock of the page. One query."""
    zone, today = timezone.get_current_timezone(), timezone.localdate(now)
    dates = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    since = datetime(dates[0].year, dates[0].month, dates[0].day, tzinfo=zone)
    found = removed_by_day(organizations, since=since, zone=zone)
    counts = {day: _grouped(found.get(day, {})) for day in dates}
    most = max(sum(each) for each in counts.values())
    totals = [sum(each[place] for each in counts.values()) for place in range(len(GROUPS))]
    return Days(
        [_day(day, counts[day], most) for day in dates],
        most,
        [(name, color) for (name, color, _), total in zip(GROUPS, totals, strict=True) if total],
        _sentence(totals),
    )


def _grouped(by_reason: Mapping[str, int]) -> list[int]:
    return [sum(by_reason.get(reason, 0) for reason in reasons) for _, _, reasons in GROUPS]


def _day(day: date, counts: Sequence[int], most: int) -> Day:
    people = sum(counts)
    named = [(name, color, count) for (name, color, _), count in zip(GROUPS, counts, strict=True) if count]
    told = ", ".join(f"{count:,} {name.lower()}" for name, _, count in named) or "nobody"
    return Day(
        date=day,
        people=people,
        height=100 * people / most if most else 0,
        parts=[(color, 100 * count / people) for _, color, count in named],
        counts=counts,
        words=f"{day:%a %-d %b}: {told}",
    )


def _sentence(totals: Sequence[int]) -> str:
    if not any(totals):
        return f"No run took anybody out in the last {DAYS} days."
    parts = [f"{total:,} {name.lower()}" for (name, _, _), total in zip(GROUPS, totals, strict=True) if total]
    people = "1 person" if sum(totals) == 1 else f"{sum(totals):,} people"
    return f"In the last {DAYS} days runs took out {people}: {', '.join(parts)}."
