"""Several streams of mail in one worker process: while one waits for a server or the database, another goes on."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from django.db import connection

# A stream calls what it is given when it has more work than it can do.
Stream = Callable[[Callable[[], None]], int]


def in_streams(stream: Stream, *, most: int) -> int:
    """Run `stream` here, and beside it in up to `most` - 1 threads as it calls for help; the sum of their answers.

    An error in one of them is raised when all have ended.
    """
    helpers: list[Future[int]] = []

    def call_for_help() -> None:
        if len(helpers) < most - 1:
            helpers.append(pool.submit(_in_thread, stream))

    with ThreadPoolExecutor(max_workers=max(most - 1, 1), thread_name_prefix="stream") as pool:
        settled = stream(call_for_help)
    return settled + sum(helper.result() for helper in helpers)


def _in_thread(stream: Stream) -> int:
    try:
        return stream(lambda: None)
    finally:
        connection.close()  # the thread's own
