"""Is one wording better than another, or was it chance?"""

from dataclasses import dataclass
from math import sqrt

from tracking.analytics.shares import Share

Z = 1.96  # of 95 %
EARLY = 100  # mails of either: below that nothing is called clear


@dataclass(frozen=True)
class Difference:
    """By how much a rate is higher than another, and between what it lies with 95 % confidence; as fractions."""

    by: float
    low: float
    high: float
    is_early: bool

    @property
    def is_clear(self) -> bool:
        """Nothing says so before there are enough mails, whatever the interval."""
        return not self.is_early and (self.low > 0 or self.high < 0)


def difference(of: Share, beside: Share) -> Difference | None:
    """Of two rates of different mails, after Newcombe; None where either has none."""
    if of["rate"] is None or beside["rate"] is None:
        return None
    mine, its = _interval(of), _interval(beside)
    rate, other = of["count"] / of["of"], beside["count"] / beside["of"]
    by = rate - other
    low = by - sqrt((rate - mine[0]) ** 2 + (its[1] - other) ** 2)
    high = by + sqrt((mine[1] - rate) ** 2 + (other - its[0]) ** 2)
    return Difference(by, low, high, min(of["of"], beside["of"]) < EARLY)


def _interval(of: Share) -> tuple[float, float]:
    """Between what a rate lies, after Wilson; also near 0 and 1, where the usual one leaves the possible."""
    number, rate = of["of"], of["count"] / of["of"]
    middle = rate + Z * Z / (2 * number)
    spread = Z * sqrt(rate * (1 - rate) / number + Z * Z / (4 * number * number))
    whole = 1 + Z * Z / number
    return (middle - spread) / whole, (middle + spread) / whole
