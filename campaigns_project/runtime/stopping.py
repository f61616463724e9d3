"""How our processes are asked to stop, and how they notice that whoever started them is gone."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SUPERVISOR_VARIABLE = "FAIRLEAD_SUPERVISOR_PID"
STOPS = (signal.SIGTERM, signal.SIGINT)


def stop_on_signals() -> None:
    """From now on SIGTERM and SIGINT raise KeyboardInterrupt in the main thread, whatever it waits for."""
    for number in STOPS:
        signal.signal(number, signal.default_int_handler)


@contextmanager
def not_stopped_halfway() -> Iterator[None]:
    """What is in the block is done whole: where SIGTERM or SIGINT comes meanwhile, KeyboardInterrupt follows it.

    Only in the main thread. Processes started in the block do not inherit this: handlers end with exec.
    """
    asked: list[int] = []

    def remember(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    before = {number: signal.signal(number, remember) for number in STOPS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if asked:  # also where the block failed
            raise KeyboardInterrupt


def orphaned() -> bool:
    """Whether the supervisor that started this process has ended (killed, say, so that it could not stop us)."""
    supervisor = os.environ.get(SUPERVISOR_VARIABLE)
    return supervisor is not None and os.getppid() != int(supervisor)
