"""Names of time zones, as IANA writes them."""

from functools import lru_cache
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError


@lru_cache(maxsize=1)
def known_zones() -> frozenset[str]:
    """Every name there is. Kept, since asking reads a folder of hundreds of files."""
    return frozenset(available_timezones())


def validate_timezone(name: str) -> None:
    """ValidationError unless `name` is an IANA time zone such as Europe/Prague."""
    if name not in known_zones():
        raise ValidationError(f"“{name}” is not a time zone. Use a name such as Europe/Prague or UTC.", code="timezone")
