"""The word that this cluster ends, from its master to the worker processes.

Signals do not reach them: django-q's guard takes them, and waits until every worker has finished the task at hand. So
the word is a number in memory that the master shares with all it forks.
"""

import time
from multiprocessing.sharedctypes import RawValue

_asked_at = RawValue("d", 0.0)  # by the monotonic clock, which all processes of a machine share; 0: not asked


def ask_to_stop() -> None:
    """Tell every process of this cluster, this one too, to finish what it is at. Safe in a signal handler."""
    _asked_at.value = _asked_at.value or time.monotonic()


def is_stopping() -> bool:
    """Whether this process was asked to stop: begin nothing new. False wherever no cluster of ours runs."""
    return _asked_at.value > 0.0


def take_back() -> None:
    """Forget that it was asked; for tests, whose process goes on."""
    _asked_at.value = 0.0


def seconds_since_asked() -> float:
    """How long ago it was asked to stop; 0 when it was not."""
    return time.monotonic() - _asked_at.value if is_stopping() else 0.0
