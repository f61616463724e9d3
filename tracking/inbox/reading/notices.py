"""Bounces and complaints that Amazon's SES writes as JSON, where its notifications are sent on by mail."""

import json
from dataclasses import dataclass
from typing import Any

from tracking.inbox.reading.addresses import recipient
from tracking.inbox.reading.original import Original
from tracking.inbox.reading.reports import Told, code_in, status_in

MAX_TEXT = 200_000
MAX_TOLD = 100
_FOLDED = "!\n "  # a mailer's break of a line that was too long


@dataclass(frozen=True, slots=True)
class Notice:
    """What it tells of: bounce, complaint, delivery ..., in lower case."""

    event: str
    told: tuple[Told, ...]
    original: Original
    is_passing: bool


def read(text: str) -> Notice | None:
    """The notice that `text` is; None where it is none."""
    bare = text[:MAX_TEXT].lstrip()
    if not bare.startswith("{") or "Type" not in bare[:2_000]:
        return None
    try:
        said, _ = json.JSONDecoder().raw_decode(bare.replace(_FOLDED, ""))
    except (ValueError, RecursionError):  # no JSON after all, or made to be deep
        return None
    event = _text(_of(said, "notificationType") or _of(said, "eventType")).lower()
    about = _of(said, event)
    if not event or not isinstance(about, dict):
        return None
    rows = _of(about, "bouncedRecipients") or _of(about, "complainedRecipients") or _of(about, "recipients")
    told = [
        _told(row, _text(_of(about, "smtpResponse"))) for row in (rows if isinstance(rows, list) else [])[:MAX_TOLD]
    ]
    passing = _text(_of(about, "bounceType")).lower() in ("transient", "undetermined")
    return Notice(event, tuple(told), Original(_headers(_of(said, "mail"))), passing)


def _told(row: Any, response: str) -> Told:
    diagnostic = " ".join(_text(_of(row, "diagnosticCode") or response).removeprefix("smtp;").split())
    return Told(
        address=recipient(_text(_of(row, "emailAddress") or row)),
        action=_text(_of(row, "action")) or "failed",
        status=status_in(_text(_of(row, "status"))) or status_in(diagnostic),
        code=code_in(diagnostic),
        diagnostic=diagnostic,
    )


def _headers(mail: Any) -> list[tuple[str, str]]:
    rows = _of(mail, "headers")
    named = (
        [(_text(_of(row, "name")).lower(), _text(_of(row, "value"))) for row in rows] if isinstance(rows, list) else []
    )
    return [*named, ("return-path", _text(_of(mail, "source")))]


def _of(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _text(value: Any) -> str:
    return value[:4_000] if isinstance(value, str) else ""
