"""Names of time zones, as IANA writes them."""

from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError


@lru_cache(maxsize=1)
def known_zones() -> frozenset[str]:
    """Every name there is. Kept, since asking reads a folder of hundreds of files.

    `localtime` is none: it is another zone on each machine, and the database does not know it.
    """
    return frozenset(available_timezones() - {"localtime"})


def is_known(name: str) -> bool:
    """False for a zone that was set where more were known: after a move to a machine with older time zone data."""
    return name in known_zones()


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name; UTC where this machine does not know it, so that what is kept by it can be shown.

    Whoever acts by the clock of a zone asks before whether it is known.
    """
    return ZoneInfo(name if is_known(name) else "UTC")


MEND = "Choose another one, or bring the time zone data of this machine up to date (tzdata)."


def unknown(name: str) -> str:
    """What is said where `name` is not known; MEND says what to do."""
    return f"its time zone, {name}, is not known on this machine."


def validate_timezone(name: str) -> None:
    """ValidationError unless `name` is an IANA time zone such as Europe/Prague."""
    if not is_known(name):
        raise ValidationError(f"“{name}” is not a time zone. Use a name such as Europe/Prague or UTC.", code="timezone")
