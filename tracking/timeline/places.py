"""Where a page of a timeline ends: the moment, kind and number of its last entry, as text for an address."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q

from campaigns_project.errors import Refused

# Microseconds of 17 digits last until the year 5138.
_TEXT = re.compile(r"([0-9]{1,17})-([0-9]{1,2})-([0-9]{1,18})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Place:
    """An entry's place. Of one moment the lower rank comes first, and of one rank the higher number."""

    at: datetime
    rank: int
    number: int

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // timedelta(microseconds=1)}-{self.rank}-{self.number}"

    @classmethod
    def read(cls, text: str) -> "Place":
        """What `str` made. Refused for anything else."""
        found = _TEXT.fullmatch(text)
        if found is None:
            raise Refused("invalid_cursor", "This cursor is not one of ours.", "Start without it, then follow `next`.")
        moment = _EPOCH + timedelta(microseconds=int(found[1]))
        return cls(moment, int(found[2]), int(found[3]))

    def older(self, rank: int) -> Q:
        """Of the rows of `rank`, with their time as `at`: those that come after this place."""
        if rank < self.rank:
            return Q(at__lt=self.at)
        if rank > self.rank:
            return Q(at__lte=self.at)
        return Q(at__lt=self.at) | Q(at=self.at, pk__lt=self.number)
