"""How often a chunk is tried when people or other imports write the same leads at the same moment, and when again."""

import random
import time
from collections.abc import Iterator
from datetime import timedelta

TRIES = 5
FIRST_PAUSE = 0.1  # seconds, twice as many before each further try: what the others write takes a chunk's time
_AGAIN_AFTER = timedelta(seconds=10)  # whoever gave up


def tries() -> Iterator[None]:
    """One for each try, with a growing pause before all but the first.

    By chance, for two that met would meet again.
    """
    yield
    for number in range(TRIES - 1):
        time.sleep(FIRST_PAUSE * 2**number * _by_chance())
        yield


def again_after() -> timedelta:
    """How long to leave the same leads to others, once all tries were in vain; by chance as well."""
    return _AGAIN_AFTER * _by_chance()


def _by_chance() -> float:
    return random.uniform(0.5, 1.5)  # noqa: S311 - nothing secret
