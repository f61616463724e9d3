"""What comes in: readers of replies and bounces."""

from collections.abc import Iterator

from campaigns_project.runtime.health.check import Check, Level


def examine_inbound() -> Iterator[Check]:
    """There is no reader of inboxes yet; this says so rather than nothing."""
    yield Check("inbound", Level.NOTE, "No reader of replies and bounces is configured.")
