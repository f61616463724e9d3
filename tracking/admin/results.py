"""The page of what came of a campaign: day by day, by what people did, by step and wording."""

from collections.abc import Mapping
from typing import Any

from tracking.admin.drawing import Drawn, drawing
from tracking.analytics.shares import Share
from tracking.models import EventType

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


def results(figures: Mapping[str, Any]) -> dict[str, Any]:
    """What the template shows of `campaign_analytics`."""
    days = figures["days"]
    return {
        "counted_at": figures["generated_at"],
        "drawing": drawing([_drawn(day) for day in days]),
        "days": [_line(day) for day in reversed(days) if any(day[name] for name in _TABLED)],
        "did": [{"label": label, "tone": tone, **_part(figures["people"][name])} for name, label, tone in _DID],
        "steps": figures["steps"],
        "events": [
            {"label": EventType(name).label, **counts}
            for name, counts in figures["events"].items()
            if any(counts.values())
        ],
    }


def _drawn(day: Mapping[str, Any]) -> Drawn:
    return Drawn(day["date"], day["sent"], day[EventType.BOUNCE], day[EventType.REPLY])


def _line(day: Mapping[str, Any]) -> dict[str, Any]:
    return {"date": day["date"], "counts": [day[name] for name in _TABLED]}


def _part(share: Share) -> dict[str, Any]:
    return {"part": share["count"], "whole": share["of"]}
