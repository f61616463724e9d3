"""The lines of this process on which a server's answer may be waited for, to be hung up from outside."""

import threading
from typing import Protocol
from weakref import WeakSet


class OpenLine(Protocol):
    """A conversation with a server."""

    def hang_up(self) -> None:
        """End it, from any thread: who waits for an answer finds the line dropped at once."""
        ...


_open: WeakSet[OpenLine] = WeakSet()
_lock = threading.Lock()


def opened(line: OpenLine) -> None:
    """From now on somebody may wait on it."""
    with _lock:
        _open.add(line)


def closed(line: OpenLine) -> None:
    """Nobody waits on it any more."""
    with _lock:
        _open.discard(line)


def hang_up_all() -> int:
    """Hang up every open line of this process, whichever thread waits on it; answers how many there were.

    What had its last byte out is uncertain then, everything else was surely not sent.
    """
    with _lock:
        lines = list(_open)
    for line in lines:
        line.hang_up()
    return len(lines)
