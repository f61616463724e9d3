"""A moment to measure from, where being too old matters more than being exact."""

import time
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Moment:
    """When it was made; `age()` is how many seconds ago that is.

    A machine that slept, or was moved, finds its steady clock where it stood before. So the clock on the wall counts as
    well, and of the two the one that says more.
    """

    steady: float = field(default_factory=time.monotonic)
    wall: float = field(default_factory=time.time)

    def age(self) -> float:
        """Seconds since then."""
        return max(time.monotonic() - self.steady, time.time() - self.wall)
