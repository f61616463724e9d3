"""Tasks of the ground floor."""


def echo() -> None:
    """Do nothing: that it ran is what counts, and `pulse` notes it."""
