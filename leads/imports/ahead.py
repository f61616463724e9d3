"""The next piece of work made ready while the one before is still being done."""

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_WAIT = 0.2  # seconds between two looks at whether anybody still wants more


@dataclass(frozen=True, slots=True)
class _Ended:
    """The last thing the thread says: how it ended."""

    error: BaseException | None


@contextmanager
def made_ahead[T](items: Iterable[T]) -> Iterator[Iterator[T]]:
    """The items in their order, made in a thread of its own, one of them ahead.

    The database works on a chunk of rows while the next is read and checked, which takes about as long. What the
    thread raises is raised where the item was wanted. Leaving the block ends the thread. The items must not need the
    database: a thread has connections of its own.
    """
    made: queue.Queue[T | _Ended] = queue.Queue(maxsize=1)
    unwanted = threading.Event()
    thread = threading.Thread(target=_make, args=(items, made, unwanted), name="rows ahead", daemon=True)
    thread.start()
    try:
        yield _taken(made)
    finally:
        unwanted.set()
        thread.join()


def _make[T](items: Iterable[T], made: "queue.Queue[T | _Ended]", unwanted: threading.Event) -> None:
    error: BaseException | None = None
    try:
        for item in items:
            if not _put(made, item, unwanted):
                return
    except BaseException as raised:  # noqa: BLE001 - handed over to the thread that asked
        error = raised
    _put(made, _Ended(error), unwanted)


def _put[T](made: "queue.Queue[T]", item: T, unwanted: threading.Event) -> bool:
    while not unwanted.is_set():
        try:
            made.put(item, timeout=_WAIT)
        except queue.Full:
            continue
        return True
    return False


def _taken[T](made: "queue.Queue[T | _Ended]") -> Iterator[T]:
    while not isinstance(item := made.get(), _Ended):
        yield item
    if item.error is not None:
        raise item.error
