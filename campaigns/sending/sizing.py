"""How much to take at once, learned from how long the last took."""

from dataclasses import dataclass, field

MOST_CLAIMED = 1_000  # recipients at once for a fast server; a pause or a kill touches no more than these
CHUNK_SECONDS = 1.0  # that a chunk should take: what is claimed and waits longer is better left to others
MOST_GATED = 500  # mails together on a fast server; a slow one brings it down to what it takes in half a second
SLICE_SECONDS = 0.5  # from gate to the last mail's content: half of what is allowed


def next_size(size: int, *, done: int, seconds: float, aim: float, most: int) -> int:
    """What would have taken `aim` seconds at the pace of `done` in `seconds`: from 1 to `most`, at most four times
    `size`. As it is where nothing was done, which tells nothing."""
    return max(1, min(most, int(aim * done / max(seconds, 1e-6)), size * 4)) if done else size


@dataclass
class Share:
    """How many recipients to claim at once for a sender, learned from how long the last ones took."""

    size: int = 25

    def learn(self, settled: int, seconds: float) -> bool:
        """Take in a chunk of so many; True when it was a full one, so that more work is likely."""
        was_full = settled >= self.size
        self.size = next_size(self.size, done=settled, seconds=seconds, aim=CHUNK_SECONDS, most=MOST_CLAIMED)
        return was_full


@dataclass
class Pace:
    """How many mails to gate at once, learned from how fast the server took the last ones."""

    size: int = 5
    seconds: float = 0.0  # spent at the server so far
    in_vain: int = 0  # mails in a row that came to nothing for a reason that is not theirs
    refused_at_mail: int = 0  # mails in a row refused for good before their recipients were named

    def learn(self, mails: int, seconds: float) -> None:
        self.seconds += seconds
        self.size = next_size(self.size, done=mails, seconds=seconds, aim=SLICE_SECONDS, most=MOST_GATED)


@dataclass(frozen=True)
class Speed:
    """What was learned of how fast the mails of one sender go."""

    share: Share = field(default_factory=Share)
    pace: Pace = field(default_factory=Pace)

    def for_another(self) -> "Speed":
        """What is to be expected of another sender of the same server."""
        return Speed(Share(self.share.size), Pace(self.pace.size))
