"""Numbers of rows, as they stand in addresses and forms."""

DIGITS = 18  # so many always fit a bigint


def key_of(text: str) -> int | None:
    """The number of a row that `text` is; None where it is none, or longer than any the database may have."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else None
