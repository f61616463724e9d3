"""Taking back what was just done: a button in the sentence that says so, for ten minutes.

An undo is the opposite act itself, with its role, its checks and its line in the audit log; nothing here goes around
them. What has no opposite cannot be undone, and asks before it is done.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.core import signing
from django.http import HttpRequest

from campaigns_project.errors import StateRefused

VALID_FOR = timedelta(minutes=10)  # later the thing has moved on, and its page says what can be done
STAMP = "undo_until"
REASON = "Undone"  # why the opposite act was taken, for the audit log

_SALT = "fairlead.undo"
_MARK = "undo:"


@dataclass(frozen=True)
class Undo:
    """The POST that takes an act back: where to, and what is said there."""

    url: str
    fields: Mapping[str, str] = field(default_factory=dict)


def tell(request: HttpRequest, sentence: str, *, level: int = messages.SUCCESS, undo: Undo | None = None) -> None:
    """Say on the next page what was done; with `undo`, a button beside it takes it back."""
    tags = f"{_MARK}{json.dumps([undo.url, dict(undo.fields)])}" if undo else ""
    messages.add_message(request, level, sentence, extra_tags=tags)


def undo_of(message: Message) -> Undo | None:
    """What the button beside `message` posts, stamped with the time; None where it has none."""
    if not message.extra_tags or not message.extra_tags.startswith(_MARK):
        return None
    url, fields = json.loads(message.extra_tags.removeprefix(_MARK))
    return Undo(url, {**fields, STAMP: signing.TimestampSigner(salt=_SALT).sign(url)})


def require_in_time(request: HttpRequest) -> None:
    """StateRefused (`too_late_to_undo`) where the POST is an undo that came too late, or for something else."""
    stamp = request.POST.get(STAMP)
    if stamp is None:
        return
    try:
        is_good = signing.TimestampSigner(salt=_SALT).unsign(stamp, max_age=VALID_FOR) == request.get_full_path()
    except signing.BadSignature:  # too old, or not ours
        is_good = False
    if not is_good:
        minutes = VALID_FOR // timedelta(minutes=1)
        raise StateRefused(
            "too_late_to_undo",
            f"This can be undone for {minutes} minutes, which have passed.",
            "Use the buttons of its page.",
        )
