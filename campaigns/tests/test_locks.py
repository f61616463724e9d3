"""Advisory locks of different things never wait for each other."""

from campaigns.locks import Lock
from leads.segments import keeping


def test_segments_and_campaigns_lock_under_different_numbers():
    numbers = [keeping.LOCK, *(lock.value for lock in Lock.__members__.values())]

    assert len(numbers) == len(set(numbers))
