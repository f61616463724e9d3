"""A report of Instantly read: which of our words it is, of whom, when."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from django.utils.dateparse import parse_datetime

from campaigns.models import InstantlyAccount
from tracking.instantly.news import Kind, News, take

INSTANTLY = "instantly"  # as a service
# What it calls the same in its payloads, which is not always what a subscription is called. Everything else, such as a
# label of the workspace's own, changes nothing here.
KINDS = {
    "email_sent": Kind.SENT,
    "email_opened": Kind.OPENED,
    "link_clicked": Kind.CLICKED,
    "email_link_clicked": Kind.CLICKED,
    "reply_received": Kind.REPLIED,
    "email_bounced": Kind.BOUNCED,
    "lead_unsubscribed": Kind.UNSUBSCRIBED,
    "lead_meeting_booked": Kind.BOOKED,
}
# An event has no number of its own: these together are one.
_IDENTITY = ("event_type", "campaign_id", "lead_email", "timestamp", "email_id", "step")


def digest_of_report(body: bytes) -> str:
    """The same for the same event, however often it is told and with whatever variables of the lead around it."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        return sha256(body).hexdigest()
    return _digest(told)


def take_report(account: InstantlyAccount, told: Any, *, received_at: datetime) -> bool | None:
    """Whether something new followed; None where it is about nobody who is known. ValueError for what is no report."""
    if not isinstance(told, dict):
        raise ValueError("no report of Instantly")
    kind = KINDS.get(str(told.get("event_type") or ""))
    if kind is None:
        return False
    at = _moment(told.get("timestamp")) or received_at
    news = News(
        kind=kind,
        campaign=_text(told.get("campaign_id")),
        address=_text(told.get("lead_email")),
        at=min(at, received_at),  # its clock must not have it happen before it could
        step=_number(told.get("step")),
        variant=_number(told.get("variant")),
        email=_text(told.get("email_id")),
        subject=_text(told.get("email_subject"))[:500],
        key=_digest(told),
    )
    return take(account, news)


def _digest(told: Mapping[str, Any]) -> str:
    parts = [str(told.get(name) if told.get(name) is not None else "") for name in _IDENTITY]
    parts[2] = parts[2].lower()
    return sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()


def _text(value: Any) -> str:
    return str(value).replace("\x00", "")[:2_000] if isinstance(value, str | int) else ""


def _number(value: Any) -> int | None:
    """From 1 on, as its webhooks count; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1_000 else None


def _moment(value: Any) -> datetime | None:
    try:
        at = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at
