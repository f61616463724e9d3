"""The page of what came of a campaign: day by day, by what people did, by step and wording."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tracking.analytics.shares import Share
from tracking.models import EventType

# What is drawn of a day; the other numbers are in the table below it.
_DRAWN = ("sent", EventType.REPLY, EventType.BOUNCE)
_TABLED = (
    "sent",
    EventType.OPEN,
    EventType.CLICK,
    EventType.REPLY,
    EventType.BOUNCE,
    EventType.UNSUBSCRIBE,
    EventType.COMPLAIN,
)
_DID = (
    ("replied", "Replied", "good"),
    ("clicked", "Clicked", "info"),
    ("opened", "Opened, about", "skip"),
    ("bounced", "Bounced", "bad"),
    ("unsubscribed", "Unsubscribed here", "warn"),
    ("complained", "Complained", "bad"),
)


@dataclass(frozen=True)
class Column:
    """One day of the drawing: heights in per cent of the highest day, and all in words for whoever points at it."""

    day: date
    sent: float
    bounced: float  # of the mails of the day
    replied: float
    words: str
    is_labelled: bool


@dataclass(frozen=True)
class Drawing:
    """The days as columns, mails and replies each by a scale of their own, with the sentence that says what is seen."""

    columns: Sequence[Column]
    most_sent: int
    most_replied: int
    sentence: str


def results(figures: Mapping[str, Any]) -> dict[str, Any]:
    """What the template shows of `campaign_analytics`."""
    days = figures["days"]
    return {
        "counted_at": figures["generated_at"],
        "drawing": _drawing(days),
        "days": [_line(day) for day in reversed(days) if any(day[name] for name in _TABLED)],
        "did": [{"label": label, "tone": tone, **_part(figures["people"][name])} for name, label, tone in _DID],
        "steps": figures["steps"],
        "events": [
            {"label": EventType(name).label, **counts}
            for name, counts in figures["events"].items()
            if any(counts.values())
        ],
    }


def _drawing(days: Sequence[Mapping[str, Any]]) -> Drawing:
    most_sent = max((day["sent"] for day in days), default=0)
    most_replied = max((day[EventType.REPLY] for day in days), default=0)
    columns = [
        Column(
            day=day["date"],
            sent=_height(day["sent"], most_sent),
            bounced=_height(min(day[EventType.BOUNCE], day["sent"]), day["sent"]),
            replied=_height(day[EventType.REPLY], most_replied),
            words=f"{day['date']:%a %d %b}: {day['sent']:,} sent, {day[EventType.BOUNCE]:,} bounced, "
            f"{day[EventType.REPLY]:,} replied",
            is_labelled=(len(days) - 1 - place) % 7 == 0,
        )
        for place, day in enumerate(days)
    ]
    return Drawing(columns, most_sent, most_replied, _sentence(days))


def _sentence(days: Sequence[Mapping[str, Any]]) -> str:
    sent, replied, bounced = (sum(day[name] for day in days) for name in _DRAWN)
    if not (sent or replied or bounced):
        return f"Nothing was sent and nobody answered in these {len(days)} days."
    came_back = f"{replied:,} replies and {bounced:,} bounces came back"
    return f"In these {len(days)} days {sent:,} mails were sent; {came_back}."


def _height(part: int, most: int) -> float:
    return 100 * part / most if most else 0


def _line(day: Mapping[str, Any]) -> dict[str, Any]:
    return {"date": day["date"], "counts": [day[name] for name in _TABLED]}


def _part(share: Share) -> dict[str, Any]:
    return {"part": share["count"], "whole": share["of"]}
