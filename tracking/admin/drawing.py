"""Days as columns: what `tracking/admin/drawing.html` draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Drawn:
    """What is drawn of one day."""

    day: date
    sent: int
    bounced: int
    replied: int


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


def drawing(days: Sequence[Drawn]) -> Drawing:
    """Draw `days`, oldest first."""
    most_sent = max((day.sent for day in days), default=0)
    most_replied = max((day.replied for day in days), default=0)
    columns = [
        Column(
            day=day.day,
            sent=_height(day.sent, most_sent),
            bounced=_height(min(day.bounced, day.sent), day.sent),
            replied=_height(day.replied, most_replied),
            words=f"{day.day:%a %d %b}: {day.sent:,} sent, {day.bounced:,} bounced, {day.replied:,} replied",
            is_labelled=(len(days) - 1 - place) % 7 == 0,
        )
        for place, day in enumerate(days)
    ]
    return Drawing(columns, most_sent, most_replied, _sentence(days))


def _sentence(days: Sequence[Drawn]) -> str:
    sent, replied, bounced = (sum(getattr(day, name) for day in days) for name in ("sent", "replied", "bounced"))
    if not (sent or replied or bounced):
        return f"Nothing was sent and nobody answered in these {len(days)} days."
    left = "1 mail was" if sent == 1 else f"{sent:,} mails were"
    replies = "1 reply" if replied == 1 else f"{replied:,} replies"
    bounces = "1 bounce" if bounced == 1 else f"{bounced:,} bounces"
    return f"In these {len(days)} days {left} sent; {replies} and {bounces} came back."


def _height(part: int, most: int) -> float:
    return 100 * part / most if most else 0
