"""A sender's connections over all workers: never more at once than it allows, nor than its server does."""

import logging
import time
from types import TracebackType
from typing import Self

from django.db import connection

from campaigns.locks import Lock, held, let_go, take_for_session
from campaigns.models import Sender
from campaigns.sending.limits import has_gap

logger = logging.getLogger(__name__)

MOST = 64  # slots a sender can have; the second half of a lock's key holds sender and slot
STEPPED_BACK = 60.0  # seconds in which this process leaves a sender to those whose connections its server did take

_until: dict[int, float] = {}  # by sender, monotonic


class Slots:
    """The slots one stream holds; they are free again when it ends or its database connection does."""

    def __init__(self) -> None:
        self._held: dict[int, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        mine, self._held = self._held, {}
        if mine and connection.is_usable():  # a lost connection has let go of them
            for number in mine.values():
                let_go(Lock.CONNECTION, number)

    def has(self, sender: Sender) -> bool:
        """Whether this stream was granted one."""
        return sender.pk in self._held

    def take(self, sender: Sender) -> bool:
        """Whether this stream may have a connection to `sender`'s server; once granted it stays so until step_back."""
        if sender.pk not in self._held:
            if time.monotonic() < _until.get(sender.pk, 0.0) and _is_held(sender):
                return False
            free = (number for number in _numbers(sender) if take_for_session(Lock.CONNECTION, number))
            taken = next(free, None)
            if taken is None:
                return False
            self._held[sender.pk] = taken
        return True

    def step_back(self, sender: Sender) -> bool:
        """The server turned this stream's connection away: leave the sender to others for a while.

        False when nobody else has a connection to it either: then more is wrong than one connection too many. Whoever
        is the last to step back learns that, however many do so at once.
        """
        number = self._held.pop(sender.pk, None)
        if number is None:
            return False
        let_go(Lock.CONNECTION, number)
        if not _is_held(sender):
            return False
        _until[sender.pk] = time.monotonic() + STEPPED_BACK
        logger.info("the server takes no more connections of a sender", extra={"sender": sender.pk})
        return True


def _is_held(sender: Sender) -> bool:
    """Whether some stream holds one of the sender's slots."""
    return not held(Lock.CONNECTION).isdisjoint(_all_numbers(sender))


def _numbers(sender: Sender) -> range:
    # With a gap one mail leaves after the other. While a slow server looks at one, another stream would take its place.
    # A server that was left alone may still not answer: that costs one stream and one mail, and not all of them.
    most = 1 if has_gap(sender) or sender.failed_tries else min(sender.max_connections, MOST)
    return _all_numbers(sender)[:most]


def _all_numbers(sender: Sender) -> range:
    first = sender.pk * MOST % 2**31
    return range(first, first + MOST)
