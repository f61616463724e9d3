"""How much was refused lately, by where it came from: whoever sends rubbish is soon not listened to any more."""

from collections import Counter
from math import ceil
from threading import Lock
from time import time

WINDOW = 60  # seconds
MOST = 60  # refusals within one; a service that is set up wrongly comes again, and may


class Refusals:
    """Counts of one web process, each for itself, which asks nobody. Those of the window before are forgotten."""

    def __init__(self) -> None:
        self._lock, self._window, self._by_origin = Lock(), 0, Counter[str]()

    def note(self, origin: str) -> None:
        """One more from there."""
        with self._lock:
            self._turn()
            self._by_origin[origin] += 1

    def wait(self, origin: str) -> int:
        """Seconds for which nothing from there is looked at; 0 where it may come."""
        with self._lock:
            self._turn()
            return ceil(WINDOW - time() % WINDOW) if self._by_origin[origin] >= MOST else 0

    def forget(self) -> None:
        """As if nothing had been refused."""
        with self._lock:
            self._by_origin.clear()

    def _turn(self) -> None:
        window = int(time() // WINDOW)
        if window != self._window:
            self._window = window
            self._by_origin.clear()


refusals = Refusals()
