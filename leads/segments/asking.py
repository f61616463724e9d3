"""Who asks: what every condition of a rule needs to know besides the rule."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

DEEPEST = 5  # segments that ask for segments that ask for segments; saving refuses a circle, this bounds the query


@dataclass(frozen=True)
class Asking:
    """Whose leads are asked about and when; `within` are the segments one came by to get to this rule."""

    organization_id: int
    now: datetime
    within: tuple[int, ...] = ()

    def inside(self, segment_id: int) -> Self:
        """The same, one segment further in."""
        return replace(self, within=(*self.within, segment_id))

    @property
    def is_too_deep(self) -> bool:
        """True where one more segment would be a circle, or as good as one."""
        return len(self.within) >= DEEPEST
