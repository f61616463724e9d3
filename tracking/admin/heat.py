"""The hours of the week in which people reply, as a table with shades."""

from collections.abc import Sequence
from dataclasses import dataclass

from tracking.analytics.hours import ENOUGH, Hour

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS = range(24)


@dataclass(frozen=True)
class Cell:
    """One hour of the week: `shade` is a part of 100 of the fullest hour."""

    hour: int
    replies: int
    shade: int


@dataclass(frozen=True)
class Heat:
    """The week, Monday first, and what is to be seen in it; no `rows` while there are too few replies."""

    sentence: str
    rows: Sequence[tuple[str, Sequence[Cell]]] = ()
    hours: Sequence[int] = HOURS


def heat(found: Sequence[Hour]) -> Heat:
    """The table of `reply_hours`."""
    replies = {(each["weekday"], each["hour"]): each["replies"] for each in found}
    total = sum(replies.values())
    if total < ENOUGH:
        so_far = {0: "none yet", 1: "one so far"}.get(total, f"{total} so far")
        return Heat(f"Shown from {ENOUGH} replies on, below which the hours are chance: {so_far}.")
    most = max(replies.values())
    rows = [
        (day, [_cell(hour, replies.get((number, hour), 0), most) for hour in HOURS])
        for number, day in enumerate(DAYS, start=1)
    ]
    return Heat(_sentence(replies, total), rows)


def _cell(hour: int, replies: int, most: int) -> Cell:
    return Cell(hour, replies, round(100 * replies / most))


def _sentence(replies: dict[tuple[int, int], int], total: int) -> str:
    """The three hours in a row of one day that have most replies: a single hour says too little."""
    of_three = {
        (day, hour): sum(replies.get((day, hour + more), 0) for more in range(3))
        for day in range(1, 8)
        for hour in range(22)
    }
    (day, hour), most = max(of_three.items(), key=lambda each: (each[1], -each[0][0], -each[0][1]))
    at = f"{DAYS[day - 1]} from {hour}:00 to {hour + 3}:00"
    return f"Most replies come on {at}: {most:,} of {total:,}."
