"""Reasons of suppressions: which weighs more, and how people read them."""

from collections.abc import Mapping

from leads.models import SuppressionReason

# Of two reasons for one address the weightier is kept, of two as weighty the first. Others weigh nothing.
_WEIGHT = {
    SuppressionReason.HARD_BOUNCE: 1,
    SuppressionReason.UNSUBSCRIBED: 2,
    SuppressionReason.LEGAL: 2,
    SuppressionReason.COMPLAINT: 3,
}


def weight_of(reason: SuppressionReason) -> int:
    """How much a reason weighs beside others for the same address."""
    return _WEIGHT.get(reason, 0)


def in_words(reasons: Mapping[str, int]) -> str:
    """How often each, the most frequent first: “120 unsubscribed, 3 hard bounce”; empty for none."""
    frequent = sorted(reasons.items(), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{number:,} {SuppressionReason(reason).label.lower()}" for reason, number in frequent)
