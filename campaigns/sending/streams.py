"""Several streams of mail in one worker process: while one waits for a server or the database, another goes on."""

import gc
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import Any

import psutil  # type: ignore[import-untyped]
from django.db import connection

ROOM = 0.25  # share of the machine's processor time that nobody uses, from which on one more stream is of use
COLLECT_AFTER = 50_000  # new objects; a chunk of mails has about as many
# A stream calls what it is given, from whatever thread, when it has more work than it can do.
Stream = Callable[[Callable[[], None]], int]


def in_streams(stream: Stream, *, most: int) -> int:
    """Run `stream` here, and beside it in up to `most` - 1 threads as it calls for help; the sum of their answers.

    An error in one of them is raised when all have ended.
    """
    _spare_the_collector()
    helpers: list[Future[int]] = []

    def call_for_help() -> None:
        # Refused by a pool that is shut down: somebody called a moment after the turn had ended.
        with suppress(RuntimeError):
            if len(helpers) < most - 1:
                helpers.append(pool.submit(_in_thread, stream))

    with ThreadPoolExecutor(max_workers=max(most - 1, 1), thread_name_prefix="stream") as pool:
        settled = stream(call_for_help)
    return settled + sum(helper.result() for helper in helpers)


class Processors:
    """How busy the machine's processors have been since this was made."""

    def __init__(self) -> None:
        self._began = psutil.cpu_times()

    def have_room(self) -> bool:
        """Whether one more stream would find a processor; where none is free, streams only take turns, which costs."""
        return share_idle(self._began, psutil.cpu_times()) >= ROOM


def share_idle(before: Any, after: Any) -> float:
    """Of the seconds that all processors had between two `psutil.cpu_times()`, the share in which they did nothing."""
    spent = sum(after) - sum(before)
    return (after.idle - before.idle) / spent if spent > 0 else 1.0


@cache
def _spare_the_collector() -> None:
    """Once a process: what was loaded by now stays, and chunks of mail come and go without cycles.

    The garbage collector would otherwise walk over the whole of Django every few hundred mails. It does not do so here
    either: what importing leaves behind is next to nothing.
    """
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


def _in_thread(stream: Stream) -> int:
    try:
        return stream(lambda: None)
    finally:
        connection.close()  # the thread's own
