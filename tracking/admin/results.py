"""The page of what came of a campaign: day by day, how far people came, what they did, by step and wording."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tracking.admin.drawing import Drawn, drawing
from tracking.admin.funnel import steps_down
from tracking.admin.heat import heat
from tracking.admin.why_not import why_not
from tracking.analytics.differences import EARLY, Difference, difference
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
        "timezone": figures["timezone"],
        "drawing": drawing([_drawn(day) for day in days]),
        "days": [_line(day) for day in reversed(days) if any(day[name] for name in _TABLED)],
        "did": [{"label": label, "tone": tone, **_part(figures["people"][name])} for name, label, tone in _DID],
        "funnel": steps_down(figures["funnel"], campaign=figures["campaign"]),
        "heat": heat(figures["reply_hours"]),
        "undelivered": why_not(figures["undelivered"], campaign=figures["campaign"]),
        "steps": figures["steps"],
        "compared": compared(figures["steps"]),
        "events": [
            {"label": EventType(name).label, **counts}
            for name, counts in figures["events"].items()
            if any(counts.values())
        ],
    }


def compared(steps: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence for each wording of `steps` (those of `campaign_analytics`) that stands beside another one."""
    return [sentence for step in steps for sentence in _compared(step)]


def _compared(step: Mapping[str, Any]) -> Iterator[str]:
    """Each further wording of a step beside its first: by what part more people replied to it, and how sure that is."""
    first, *others = step["variants"] or [None]
    for other in others:
        found = difference(other["replied"], first["replied"])
        if found is not None:
            which = f"Step {step['position']}, {other['label']} beside {first['label']}"
            points = f"{_points(found.by)} points of replies ({_points(found.low)} to {_points(found.high)})"
            yield f"{which}: {points}: {_verdict(found, other['label'], first['label'])}."


def _points(part: float) -> str:
    return f"{100 * part:+.1f}".replace("-", "\N{MINUS SIGN}")


def _verdict(found: Difference, other: str, first: str) -> str:
    if found.is_early:
        return f"too early to say, with fewer than {EARLY} mails of one of them"
    if not found.is_clear:
        return "no clear winner yet"
    return f"{other if found.by > 0 else first} is better"


def _drawn(day: Mapping[str, Any]) -> Drawn:
    return Drawn(day["date"], day["sent"], day[EventType.BOUNCE], day[EventType.REPLY])


def _line(day: Mapping[str, Any]) -> dict[str, Any]:
    return {"date": day["date"], "counts": [day[name] for name in _TABLED]}


def _part(share: Share) -> dict[str, Any]:
    return {"part": share["count"], "whole": share["of"]}
