"""How long a service asks to be left alone: the header Retry-After."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


def retry_after(value: str, *, now: datetime) -> timedelta | None:
    """The wait that a Retry-After header names (RFC 9110 section 10.2.3), in seconds or by a date; None where neither.

    A fraction of a second is taken too, which some services send and the standard does not know.
    """
    if re.fullmatch(r"\s*[0-9]{1,9}(\.[0-9]+)?\s*", value):
        return timedelta(seconds=float(value))
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # OverflowError: a number in it that is longer than any date has
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(at - now, timedelta(0))
