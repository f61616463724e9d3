"""Several streams of mail in one worker process: while one waits for a server or the database, another goes on."""

import gc
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import psutil  # type: ignore[import-untyped]
from django.db import connection

STUCK_AFTER = 3.0  # seconds: then a server does not answer, and others should not have to wait for that
LOOK_EVERY = 0.5  # seconds between two looks whether anybody is stuck
MOST_STUCK = 8  # streams in whose place another begins; each has a connection to the database
# Seconds by which a turn is longer at most while somebody is stuck: a mail may wait for its server for 140 seconds, and
# a task is ended after 300.
LONGER = 130.0
SPELL = 5.0  # seconds for which others go on before they look again whether somebody still is
ROOM = 0.25  # share of the machine's processor time that nobody uses, from which on one more stream is of use
COLLECT_AFTER = 50_000  # new objects; a chunk of mails has about as many
# A stream calls what it is given, from whatever thread, when it has more work than it can do.
Stream = Callable[[Callable[[], None]], int]


class Turn:
    """What the streams of one worker know of each other: how long they work, and whose server keeps one waiting.

    A turn ends with the last of its streams. While one of them is stuck the others go on, and so does one that begins
    in its place: a server that does not answer holds nobody up but those who wait for it.
    """

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self._waiting: dict[int, tuple[Hashable, float]] = {}  # by thread: for which server, and since when
        self._slow: set[Hashable] = set()  # the servers that kept one waiting too long, and went on

    def ends(self) -> float:
        """By when (monotonic) what is begun now is to be done."""
        now = time.monotonic()
        if now < self._ends or not self.stuck():
            return self._ends
        return min(now + SPELL, self._ends + LONGER)

    @contextmanager
    def at(self, server: Hashable) -> Iterator[Callable[[], None]]:
        """Inside, this stream is with `server`; what it yields is to be called whenever that has done something."""
        here = threading.get_ident()

        def stirs() -> None:
            now = time.monotonic()
            if now - self._waiting.get(here, (server, now))[1] > STUCK_AFTER:
                self._slow.add(server)
            self._waiting[here] = server, now

        stirs()
        try:
            yield stirs
        finally:
            stirs()
            del self._waiting[here]

    def stuck(self) -> list[Hashable]:
        """The servers that some stream has waited for too long, as often as that."""
        late = time.monotonic() - STUCK_AFTER
        return [server for server, since in list(self._waiting.values()) if since < late]

    def may_begin_with(self, server: Hashable, *, anew: bool) -> bool:
        """Whether a stream may turn to `server`: not `anew`, over a new connection, where another is stuck, and while
        somebody makes the turn longer not where one was: a server that is slow with each mail would do so for ever."""
        if time.monotonic() >= self._ends and server in self._slow:
            return False
        return not (anew and server in self.stuck())

    def lingers(self) -> bool:
        """Whether a stream without work should look again; then some time has passed."""
        if not self.stuck():
            return False
        time.sleep(LOOK_EVERY)
        return True


def in_streams(stream: Stream, *, most: int, turn: Turn) -> int:
    """Run `stream` here, and beside it in up to `most` - 1 threads as it calls for help; the sum of their answers.

    Another begins whenever all that run are stuck. An error in one of them is raised when all have ended.
    """
    _spare_the_collector()
    with _Helpers(stream, turn, most=most - 1) as helpers:
        settled = stream(helpers.call)
    return settled + helpers.settled()


class _Helpers:
    """The streams in threads. Leaving the block waits for all of them."""

    def __init__(self, stream: Stream, turn: Turn, *, most: int) -> None:
        self._stream, self._turn, self._most = stream, turn, most
        self._called: list[Future[int]] = []
        self._in_place: list[Future[int]] = []  # of others that are stuck
        self._is_over = threading.Event()  # for the first one, which runs in no thread of ours
        self._pool = ThreadPoolExecutor(max_workers=most + MOST_STUCK, thread_name_prefix="stream")
        self._watch = threading.Thread(target=self._look, name="streams", daemon=True)

    def __enter__(self) -> "_Helpers":
        self._watch.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_over.set()
        self._watch.join()
        self._pool.shutdown()

    def call(self) -> None:
        """One more, as long as there are not enough."""
        # Refused by a pool that is shut down: somebody called a moment after the turn had ended.
        with suppress(RuntimeError):
            if len(self._called) < self._most:
                self._called.append(self._pool.submit(_in_thread, self._stream))

    def settled(self) -> int:
        """What all of them answered."""
        return sum(helper.result() for helper in self._all())

    def _look(self) -> None:
        """Until all have ended."""
        while running := self._running():
            are_stuck = len(self._turn.stuck()) >= running
            if are_stuck and len(self._in_place) < MOST_STUCK and time.monotonic() < self._turn.ends():
                self._in_place.append(self._pool.submit(_in_thread, self._stream))
            if self._is_over.wait(LOOK_EVERY):
                wait(self._all(), LOOK_EVERY)

    def _running(self) -> int:
        return sum(not helper.done() for helper in self._all()) + (not self._is_over.is_set())

    def _all(self) -> list[Future[int]]:
        return [*self._called, *self._in_place]


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
