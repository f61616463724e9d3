"""The numbers of the first page: what was sent, what came back, and the last two weeks as a drawing.

A part that cannot be read says so in its own place, and the page stands.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Sender
from campaigns_project.accounts.admin.held import HeldRoles
from leads.models import Suppression
from tracking.admin.drawing import Drawing, Drawn, drawing
from tracking.analytics.overview import (
    COUNTED_UP_TO,
    WEEK,
    Capacity,
    Period,
    Recent,
    capacity,
    new_suppressions,
    recent,
)
from tracking.analytics.shares import Share
from tracking.models import CampaignDay

logger = logging.getLogger(__name__)

# Columns of the table below the drawing.
TABLED = ("sent", "replied", "bounced", "failed", "unsubscribed")
TROUBLE = "This could not be read just now; the rest of the page is as it is. Reload it in a moment."


@dataclass(frozen=True)
class Card:
    """A number that leads to its rows, with lines that say what it means; `trouble` where it could not be read."""

    label: str
    value: str = "—"
    url: str = ""
    lines: tuple[str, ...] = ()
    meter: tuple[int, int] | None = None
    is_early: bool = False
    trouble: str = ""


@dataclass(frozen=True)
class Numbers:
    """The cards, and the drawing with its table; without a drawing where the days could not be read."""

    cards: list[Card]
    drawing: Drawing | None
    days: list[dict[str, Any]]


def numbers(held: HeldRoles, *, now: datetime) -> Numbers:
    """What the user may see of the last two weeks. Four queries."""
    found = _read(lambda: _recent(held, now), "days")
    room = _read(lambda: capacity(held.scope(Sender.objects.all()), now=now), "capacity")
    return Numbers(
        [
            _sent_today(found, room, now),
            _replies(found, now),
            _bounces(found, now),
            _suppressions(held, now),
        ],
        drawing([_drawn(day) for day in found.days]) if found else None,
        [_line(day) for day in reversed(found.days) if any(day[name] for name in TABLED)] if found else [],
    )


def _read[Answer](ask: Callable[[], Answer], what: str) -> Answer | None:
    """What `ask` finds; None, and a line in the log, where the database would not tell."""
    try:
        with transaction.atomic():
            return ask()
    except DatabaseError:
        logger.exception("The first page could not read its %s", what)
        return None


def _recent(held: HeldRoles, now: datetime) -> Recent:
    return recent(held.scope(CampaignDay.objects.living()), today=timezone.localdate(now), now=now)


def _sent_today(found: Recent | None, room: Capacity | None, now: datetime) -> Card:
    card = Card("Sent today", url=_list("campaigns_message", "sent_at", now, days=0, place="sent"))
    if found is None:
        return replace(card, trouble=TROUBLE)
    first = found.today.numbers["reached"]
    lines = [f"{first:,} people for the first time"] if first else []
    lines += list(_room(room)) if room else ["What your senders may send could not be read."]
    meter = (room.used, room.limit) if room and room.limit else None
    return replace(card, value=f"{found.today.numbers['sent']:,}", lines=tuple(lines), meter=meter)


def _room(room: Capacity) -> Iterator[str]:
    if not room.senders:
        yield "No sender is in use."
    if room.limit:
        yield f"{room.used:,} of {room.limit:,} by senders with a daily limit"
    if room.unlimited:
        who = "1 sender has" if room.unlimited == 1 else f"{room.unlimited:,} senders have"
        yield f"{who} no daily limit"


def _replies(found: Recent | None, now: datetime) -> Card:
    card = Card("Replies, 7 days", url=_list("tracking_emailevent", "created_at", now, event_type__exact="reply"))
    return _rate(card, found, "replied", lambda period: period.replied, "delivered")


def _bounces(found: Recent | None, now: datetime) -> Card:
    card = Card("Bounces, 7 days", url=_list("tracking_emailevent", "created_at", now, event_type__exact="bounce"))
    return _rate(card, found, "bounced", lambda period: period.bounced, "sent")


def _rate(card: Card, found: Recent | None, name: str, of: Callable[[Period], Share], whole: str) -> Card:
    if found is None:
        return replace(card, trouble=TROUBLE)
    rate = of(found.week)
    lines = [f"Nothing was {whole}."]
    if rate["rate"] is not None:
        part = f"{100 * rate['rate']:.1f} % ({rate['count']:,} of {rate['of']:,} {whole})"
        lines = [part, _compared(rate["rate"], of(found.week_before)["rate"], whole)]
    is_early = bool(rate["of"]) and found.week.is_early
    return replace(card, value=f"{found.week.numbers[name]:,}", lines=tuple(lines), is_early=is_early)


def _compared(now: float, before: float | None, whole: str) -> str:
    if before is None:
        return f"Nothing was {whole} in the 7 days before."
    points = round(100 * (now - before), 1)
    was = f"{100 * before:.1f} % in the 7 days before"
    if not points:
        return f"As in the 7 days before: {100 * before:.1f} %"
    return f"{'▲' if points > 0 else '▼'} {abs(points):.1f} points {'more' if points > 0 else 'less'} than the {was}"


def _suppressions(held: HeldRoles, now: datetime) -> Card:
    card = Card("New suppressions, 7 days", url=_list("leads_suppression", "created_at", now))
    ask = held.scope(Suppression.objects.living())
    found = _read(lambda: new_suppressions(ask, now=now), "suppressions")
    if found is None:
        return replace(card, trouble=TROUBLE)
    value = f"{COUNTED_UP_TO:,}+" if found.is_more else f"{found.number:,}"
    return replace(card, value=value, lines=("Addresses and domains that get nothing more.",))


def _list(name: str, field: str, now: datetime, *, days: int = WEEK - 1, **more: str) -> str:
    """The list of these rows from the first moment of the day `days` ago on."""
    since = timezone.localdate(now) - timedelta(days=days)
    query = {**more, f"{field}_from_0": since.isoformat(), f"{field}_from_1": "00:00:00"}
    return f"{reverse(f'admin:{name}_changelist')}?{urlencode(query)}"


def _drawn(day: Mapping[str, Any]) -> Drawn:
    return Drawn(day["date"], day["sent"], day["bounced"], day["replied"])


def _line(day: Mapping[str, Any]) -> dict[str, Any]:
    return {"date": day["date"], "counts": [day[name] for name in TABLED]}
