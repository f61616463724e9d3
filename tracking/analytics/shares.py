from typing import TypedDict


class Share(TypedDict):
    """A number with what it is a part of; `rate` is a fraction, None where there is nothing to be a part of."""

    count: int
    of: int
    rate: float | None


def share(count: int, of: int) -> Share:
    """`count` as a part of `of`; more than the whole is possible where people were counted at different times."""
    return {"count": count, "of": of, "rate": round(count / of, 6) if of else None}
