"""A worker that was asked to stop: what it has at mail servers gets some time to end, and no more."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from campaigns.delivery.lines import hang_up_all
from campaigns_project.workers.stopping import is_stopping, seconds_since_asked

# A mail server may take two minutes for an answer, but the supervisor kills after 30 seconds, and a killed worker
# cannot write down what it knows.
PATIENCE = 18.0  # seconds from the stop until the lines are hung up; recording needs the rest
LOOK_EVERY = 0.25  # seconds

logger = logging.getLogger(__name__)


@contextmanager
def drained() -> Iterator[None]:
    """Inside, mail servers that do not answer are hung up on some time after a stop; nothing happens without one.

    What had its last byte out becomes uncertain, the rest goes back to waiting: by the ordinary ways of a line that
    drops.
    """
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(ended,), name="drain", daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join()


def _watch(ended: threading.Event) -> None:
    has_told = False
    while not ended.wait(LOOK_EVERY):
        if is_stopping() and seconds_since_asked() > PATIENCE:
            count = hang_up_all()  # again and again: a line may have been opened a moment ago
            if count and not has_told:
                logger.warning("stopping: hung up on %d mail servers that did not answer in time", count)
                has_told = True
