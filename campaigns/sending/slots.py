"""A sender's connections over all workers: never more at once than it allows."""

from types import TracebackType
from typing import Self

from django.db import connection

from campaigns.locks import Lock, let_go, take_for_session
from campaigns.models import Sender
from campaigns.sending.limits import has_gap

MOST = 64  # slots a sender can have; the second half of a lock's key holds sender and slot


class Slots:
    """The slots one stream holds; they are free again when it ends or its database connection does."""

    def __init__(self) -> None:
        self._held: dict[int, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        held, self._held = self._held, {}
        if held and connection.is_usable():  # a lost connection has let go of them
            for number in held.values():
                let_go(Lock.CONNECTION, number)

    def take(self, sender: Sender) -> bool:
        """Whether this stream may have a connection to `sender`'s server; once granted it stays so."""
        if sender.pk not in self._held:
            free = (number for number in _numbers(sender) if take_for_session(Lock.CONNECTION, number))
            taken = next(free, None)
            if taken is None:
                return False
            self._held[sender.pk] = taken
        return True


def _numbers(sender: Sender) -> range:
    # With a gap one mail leaves after the other. While a slow server looks at one, another stream would take its place.
    most = 1 if has_gap(sender) else min(sender.max_connections, MOST)
    first = sender.pk * MOST % 2**31
    return range(first, first + most)
