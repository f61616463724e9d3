"""Which keys a process works with, in letters that tell nothing of them, so that machines can find out who has others.

What is signed or encrypted on one machine is read on another: tasks, links in mails, passwords of senders.
"""

import logging
from collections.abc import Iterator
from time import sleep

from django.conf import settings
from django.utils.crypto import salted_hmac

from campaigns_project.errors import StateRefused
from campaigns_project.workers import heartbeat
from campaigns_project.workers.models import WorkerHeartbeat, WorkerKind

LETTERS = 8
LOOK_EVERY = 1.0  # seconds

log = logging.getLogger(__name__)


def in_use() -> str:
    """The keys of this process, as a supervisor tells them with its signs of life."""
    return f"keys {_name(settings.SECRET_KEY)} {_name(settings.FIELD_ENCRYPTION_KEYS[0])}"


def unreadable() -> Iterator[WorkerHeartbeat]:
    """Living supervisors with keys that we have neither as the present ones nor as former ones."""
    signing = {_name(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)}
    encrypting = {_name(key) for key in settings.FIELD_ENCRYPTION_KEYS}
    for row in heartbeat.alive(WorkerKind.SUPERVISOR, heartbeat.SILENT_AFTER[WorkerKind.SUPERVISOR]):
        match row.detail.split():
            case ["keys", signs, encrypts] if signs not in signing or encrypts not in encrypting:
                yield row


def require_readable() -> None:
    """Raise StateRefused where a worker has keys that we have not, and gives a sign of life while we look.

    One that was killed counts as alive for a while, be it our own former self: that one is waited for.
    """
    seen = {row.name: row.seen_at for row in unreadable()}
    if seen:
        log.warning(
            "a worker with another SECRET_KEY or FIELD_ENCRYPTION_KEYS was alive a moment ago; waiting up to %d s to "
            "see whether it still is",
            heartbeat.SILENT_AFTER[WorkerKind.SUPERVISOR].total_seconds(),
        )
    while rows := list(unreadable()):
        others = sorted({row.host for row in rows if row.name not in seen or row.seen_at > seen[row.name]})
        if others:
            raise _differ(others)
        sleep(LOOK_EVERY)


def require_first(name: str) -> None:
    """Raise StateRefused where a supervisor with keys that we have not gave its first sign of life before `name` did.

    Of two that start together neither sees the other before that; the second one ends.
    """
    ours = WorkerHeartbeat.objects.get(name=name)
    others = sorted({row.host for row in unreadable() if (row.started_at, row.name) < (ours.started_at, name)})
    if others:
        raise _differ(others)


def _differ(hosts: list[str]) -> StateRefused:
    return StateRefused(
        "keys_differ",
        f"A worker on {', '.join(hosts)} uses another SECRET_KEY or FIELD_ENCRYPTION_KEYS than this one has: what "
        "one of them queues, signs or encrypts the other cannot read.",
        "Set both the same on every machine; while they are changed, the former ones behind the new ones.",
    )


def _name(key: str) -> str:
    return salted_hmac("campaigns_project.workers.keys", "which key", key, algorithm="sha256").hexdigest()[:LETTERS]
