"""The next piece of work made ready while the one before is still being done."""

import queue
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

# Seconds until a thread that computes lets another one have the interpreter. Whoever waits for the database comes back
# from every statement of a few hundred microseconds, and by Python's own 5 ms the database would wait for it each time.
_TURN = 0.0002


@dataclass(frozen=True, slots=True)
class _Ended:
    """The last thing the thread says: how it ended."""

    error: BaseException | None


@contextmanager
def made_ahead[T](items: Iterable[T]) -> Iterator[Iterator[T]]:
    """The items in their order, made in a thread of its own, one of them ahead and no more: they may be large.

    The database works on a chunk of rows while the next is read and checked, which takes about as long. What the
    thread raises is raised where the item was wanted. Leaving the block ends the thread. The items must not need the
    database: a thread has connections of its own.
    """
    made: queue.SimpleQueue[T | _Ended] = queue.SimpleQueue()
    wanted, unwanted = threading.Semaphore(1), threading.Event()
    thread = threading.Thread(target=_make, args=(items, made, wanted, unwanted), name="rows ahead", daemon=True)
    thread.start()
    sys.setswitchinterval(_TURN)
    try:
        yield _taken(made, wanted)
    finally:
        unwanted.set()
        wanted.release()
        thread.join()


def _make[T](
    items: Iterable[T],
    made: "queue.SimpleQueue[T | _Ended]",
    wanted: threading.Semaphore,
    unwanted: threading.Event,
) -> None:
    error: BaseException | None = None
    left = iter(items)
    try:
        while wanted.acquire() and not unwanted.is_set():
            made.put(next(left))
    except StopIteration:
        pass  # the end, as of any iterator
    except BaseException as raised:  # noqa: BLE001 - handed over to the thread that asked
        error = raised
    made.put(_Ended(error))


def _taken[T](made: "queue.SimpleQueue[T | _Ended]", wanted: threading.Semaphore) -> Iterator[T]:
    while not isinstance(item := made.get(), _Ended):
        wanted.release()
        yield item
        del item  # before the next is waited for: there are never more than two
    if item.error is not None:
        raise item.error
