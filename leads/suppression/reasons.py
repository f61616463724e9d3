"""Reasons of suppressions as people read them."""

from collections.abc import Mapping

from leads.models import SuppressionReason


def in_words(reasons: Mapping[str, int]) -> str:
    """How often each, the most frequent first: “120 unsubscribed, 3 hard bounce”; empty for none."""
    frequent = sorted(reasons.items(), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{number:,} {SuppressionReason(reason).label.lower()}" for reason, number in frequent)
