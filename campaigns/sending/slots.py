"""A sender's connections over all workers: never more at once than it allows."""

from types import TracebackType
from typing import Self

from django.db import connection

from campaigns.locks import Lock
from campaigns.models import Sender

MOST = 64  # slots a sender can have; the second half of a lock's key holds sender and slot


class Slots:
    """The slots one stream holds; they are free again when it ends or its database connection does."""

    def __init__(self) -> None:
        self._held: dict[int, list[int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        held, self._held = self._held, {}
        if held and connection.is_usable():  # a lost connection has let go of them
            with connection.cursor() as cursor:
                for key in held.values():
                    cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)

    def take(self, sender: Sender) -> bool:
        """Whether this stream may have a connection to `sender`'s server; once granted it stays so."""
        if sender.pk not in self._held:
            key = next((key for key in _keys(sender) if _locked(key)), None)
            if key is None:
                return False
            self._held[sender.pk] = key
        return True


def _keys(sender: Sender) -> list[list[int]]:
    first = sender.pk * MOST % 2**31
    return [[Lock.CONNECTION, first + slot] for slot in range(min(sender.max_connections, MOST))]


def _locked(key: list[int]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        return cursor.fetchone()[0]
